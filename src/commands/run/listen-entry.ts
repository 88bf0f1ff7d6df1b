import { maskNumber } from '../../calls/masks.ts'
import type { FeedEntry } from '../../store/feed.ts'
import type { ListenOptions } from '../listen.ts'

/** Calls that are gone have no application any more: they are shown wherever calls are. */
export function filterOf({
  app,
  scenario,
  type,
  outcome,
}: Pick<ListenOptions, 'app' | 'scenario' | 'type' | 'outcome'>): (entry: FeedEntry) => boolean {
  return (entry) => {
    const isGone = entry.kind === 'removed' || entry.kind === 'erased'
    const { event_type, outcome: had } = contentOf(entry)
    if (type !== undefined && type !== (isGone ? 'call' : entry.kind) && type !== event_type) return false
    if (outcome !== undefined && had !== outcome) return false
    if (isGone) return true
    return (app === undefined || entry.app_key === app) && (scenario === undefined || entry.scenario === scenario)
  }
}

type Content = Record<string, string | number | undefined>

function contentOf({ content }: FeedEntry): Content {
  return content === null ? {} : JSON.parse(content)
}

/** What happened, in one line: when, what, how, who, which call. */
export function lineOf(entry: FeedEntry, whole: boolean): string {
  const content = contentOf(entry)
  const number = (value: unknown) => {
    const text = typeof value === 'string' ? value : ''
    return whole || text === '' || text.includes('*') ? text : maskNumber(text)
  }
  const parties = (from: unknown, to: unknown) => [number(from), number(to)].filter((text) => text !== '').join(' → ')
  const said = {
    event: () => [content.event_type, parties(content.caller, content.called), code(content.state_code)],
    cdr: () => [parties(content.caller_num, content.callee_num ?? content.fwd_dst_num), code(content.ul_fail_reason)],
    call: () => [
      entry.scenario,
      content.outcome,
      parties(content.a_number, content.b_number),
      content.outcome === 'answered' || content.outcome === 'in progress' ? '' : content.reason_en,
    ],
    removed: () => ['gone'],
    erased: () => ['erased'],
  }[entry.kind]()
  const words = said.filter((word) => word !== undefined && word !== null && word !== '').join('  ')
  return `${entry.at.slice(0, 19).replace('T', ' ')}  ${entry.kind.padEnd(7)}  ${words}  ${entry.call_ref}.${entry.position}`
}

function code(value: Content[string]): string {
  return typeof value === 'number' && value !== 0 ? `code ${value}` : ''
}
