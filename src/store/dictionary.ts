import type pg from 'pg'

export interface Column {
  name: string
  type: string
  comment: string | null
}

export interface Relation {
  schema: string
  name: string
  /** A table, a view, or the rows of a function. */
  kind: 'r' | 'p' | 'v' | 'c'
  comment: string | null
  columns: Column[]
}

export interface Routine {
  schema: string
  /** Name and arguments, without the schema. */
  signature: string
  result: string
  comment: string | null
}

/** Tables, views and functions with their comments; functions of the schemas ops and feed. */
export async function readCatalog(client: pg.ClientBase): Promise<{ relations: Relation[]; routines: Routine[] }> {
  const { rows: relations } = await client.query<Relation>(relationsSql)
  const { rows: routines } = await client.query<Routine>(routinesSql)
  return { relations, routines }
}

/** The data dictionary in Markdown, made from the comments of the catalogs: schema ops, its functions, then app, feed and rtc. */
export async function dataDictionary(client: pg.ClientBase): Promise<string> {
  const { relations, routines } = await readCatalog(client)
  const isRow = ({ kind }: Relation) => kind === 'c'
  const of = (schema: string) => relations.filter((relation) => relation.schema === schema && !isRow(relation))
  return `${[
    '# Data dictionary / 数据字典',
    'Made from the comments in the database by `npm run docs:dictionary`. Change a comment with a migration, not here.',
    '由数据库注释生成（`npm run docs:dictionary`），请勿手工修改。',
    '## Schema ops: what ops see / 运维可见',
    ...of('ops').map(relationText),
    '## Functions of schema ops / 函数',
    ...routines.filter(({ schema }) => schema === 'ops').map(routineText),
    '## Rows of these functions / 函数返回的列',
    ...relations.filter(isRow).map(relationText),
    "## Schema app: for the customer's own applications, with whole numbers / 供客户自有应用，含完整号码",
    ...of('app').map(relationText),
    '## Functions of schema feed: cursors / 变更流的函数',
    ...routines.filter(({ schema }) => schema === 'feed').map(routineText),
    '## Schema rtc: what is stored, for the owner only / 存储表（仅属主可见）',
    ...of('rtc').map(relationText),
  ].join('\n\n')}\n`
}

const relationsSql = `
  SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind AS kind,
    CASE c.relkind WHEN 'c' THEN obj_description(c.reltype, 'pg_type') ELSE obj_description(c.oid, 'pg_class') END AS comment,
    (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
        'comment', col_description(c.oid, a.attnum)) ORDER BY a.attnum)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE (n.nspname IN ('ops', 'app') AND c.relkind IN ('r', 'v', 'c'))
    OR (n.nspname = 'rtc' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'migrations')
  ORDER BY 1, 2`

const routinesSql = `
  SELECT p.pronamespace::regnamespace::text AS schema, p.proname || '(' || pg_get_function_arguments(p.oid) || ')' AS signature, pg_get_function_result(p.oid) AS result,
    obj_description(p.oid, 'pg_proc') AS comment
  FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN ('ops', 'feed') ORDER BY 1, 2`

function relationText({ schema, name, comment, columns }: Relation): string {
  return [
    `### ${schema}.${name}`,
    bothLanguages(comment).join('\n\n'),
    [
      '| column | type | meaning | 含义 |',
      '|---|---|---|---|',
      ...columns.map(
        (column) =>
          `| ${[`\`${column.name}\``, column.type, ...bothLanguages(column.comment)].map(cell).join(' | ')} |`,
      ),
    ].join('\n'),
  ].join('\n\n')
}

function routineText({ schema, signature, result, comment }: Routine): string {
  const heading = `### ${schema}.${signature.split('(')[0]}`
  return [heading, `\`${schema}.${signature}\` → \`${result}\``, ...bothLanguages(comment)].join('\n\n')
}

/** A comment is English, a slash between blanks, Chinese; the English may hold such a slash as well. */
export function bothLanguages(comment: string | null): [string, string] {
  const parts = /^(\P{Script=Han}*) \/ (.*)$/su.exec(comment ?? '')
  return [parts?.[1] ?? comment ?? '', parts?.[2] ?? '']
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
