import { Argument, type Command, type Option } from 'commander'
import { printLines } from './output.ts'
import { buildProgram } from './program.ts'

const help = `
Try it in this shell:
  bash  source <(rtc-receiver completion bash)
  zsh   source <(rtc-receiver completion zsh)       (after compinit)
  fish  rtc-receiver completion fish | source
To keep it, write it to a file that the shell reads when it starts.`

const shells = { bash, zsh, fish }

export function completionCommand(command: Command): void {
  command
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(shells)))
    .addHelpText('after', help)
    .action(async (shell: keyof typeof shells) => {
      printLines(...shells[shell](nodesOf(await buildProgram())).split('\n'))
    })
}

interface Word {
  word: string
  description: string
}

/** A command that can be typed, with what may follow it. */
interface Node {
  /** The words that lead here: '' for the program, 'quarantine list'. */
  path: string
  subcommands: Word[]
  options: (Word & { values: readonly string[] | 'file' | 'any' | 'none' })[]
  /** Choices of its arguments. */
  values: readonly string[]
}

/** The tree of commands as a list. */
export function nodesOf(command: Command, path = ''): Node[] {
  const help = command.createHelp()
  const node: Node = {
    path,
    subcommands: help
      .visibleCommands(command)
      .map((below) => ({ word: below.name(), description: below.description() })),
    options: help.visibleOptions(command).map((option) => ({
      word: option.long ?? option.short ?? '',
      description: option.description,
      values: valuesOf(option),
    })),
    values: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  }
  return [node, ...command.commands.flatMap((below) => nodesOf(below, `${path} ${below.name()}`.trim()))]
}

function valuesOf({ required, optional, argChoices, flags }: Option): Node['options'][number]['values'] {
  if (!required && !optional) return 'none'
  return argChoices ?? (/<file>/.test(flags) ? 'file' : 'any')
}

/** The words that follow a command. */
function wordsOf({ subcommands, options, values }: Node): string {
  return [...subcommands.map(({ word }) => word), ...values, ...options.map(({ word }) => word)].join(' ')
}

/** `path option` and what its value is, of every option that takes one. */
function optionValues(nodes: readonly Node[]) {
  return nodes.flatMap(({ path, options }) =>
    options.flatMap(({ word, values }) => (values === 'none' ? [] : [{ key: `${path} ${word}`.trim(), values }])),
  )
}

/** Finds the command in the words that were typed, in a variable `path`. Bash and zsh read it alike. */
const findPath = (nodes: readonly Node[], words: string) => `  local path= word
  for word in ${words}; do
    case "\${path:+$path }$word" in
      ${nodes.flatMap(({ path }) => (path === '' ? [] : [`"${path}"`])).join('|')}) path="\${path:+$path }$word" ;;
    esac
  done`

function bash(nodes: readonly Node[]): string {
  const values = optionValues(nodes).map(({ key, values }) => {
    if (values === 'file') return `    "${key}") COMPREPLY=($(compgen -f -- "$current")); return ;;`
    return `    "${key}") COMPREPLY=($(compgen -W "${values === 'any' ? '' : values.join(' ')}" -- "$current")); return ;;`
  })
  return `# bash completion of rtc-receiver
_rtc_receiver() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
${findPath(nodes, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`)}
  case "\${path:+$path }$previous" in
${values.join('\n')}
  esac
  local words
  case "$path" in
${nodes.map((node) => `    "${node.path}") words="${wordsOf(node)}" ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _rtc_receiver rtc-receiver`
}

function zsh(nodes: readonly Node[]): string {
  const described = ({ word, description }: Word) => quoted(`${word.replaceAll(':', '\\:')}:${description}`)
  const values = optionValues(nodes).map(({ key, values }) => {
    if (values === 'file') return `    "${key}") _files; return ;;`
    return `    "${key}") ${values === 'any' ? '' : `compadd -- ${values.join(' ')}; `}return ;;`
  })
  return `#compdef rtc-receiver
_rtc_receiver() {
${findPath(nodes, `"\${(@)words[2,CURRENT-1]}"`)}
  case "\${path:+$path }\${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  local -a commands options
  case "$path" in
${nodes
  .map(
    ({ path, subcommands, options, values }) => `    "${path}")
      commands=(${[...subcommands.map(described), ...values].join(' ')})
      options=(${options.map(described).join(' ')}) ;;`,
  )
  .join('\n')}
  esac
  _describe -t commands command commands
  _describe -t options option options
}
compdef _rtc_receiver rtc-receiver`
}

function fish(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, subcommands, options, values }) => {
    const start = `complete -c rtc-receiver -n ${quoted(`__rtc_receiver_at ${quoted(path)}`)}`
    return [
      ...subcommands.map(({ word, description }) => `${start} -a ${word} -d ${quoted(description)}`),
      ...values.map((value) => `${start} -a ${value}`),
      ...options.map(({ word, description, values }) => {
        const kind =
          { none: '', any: ' -x', file: ' -r -F' }[values as 'none'] ?? ` -x -a ${quoted([values].flat().join(' '))}`
        return `${start} -l ${word.slice(2)}${kind} -d ${quoted(description)}`
      }),
    ]
  })
  return `# fish completion of rtc-receiver
function __rtc_receiver_at
  set -l path
  for word in (commandline -opc)[2..]
    switch (string join ' ' $path $word)
      case ${nodes.flatMap(({ path }) => (path === '' ? [] : [quoted(path)])).join(' ')}
        set path $path $word
    end
  end
  test "$path" = "$argv[1]"
end
complete -c rtc-receiver -f
${lines.join('\n')}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
