import type { CodeMeaning, CodeTables, Product, Scenario, ServiceType } from '../calls/types.ts'
import { type Queryable, run, type Statement } from './statement.ts'

// What every table has, whose texts are in migrations/0003_codes.sql; of the views, since they look up in each other what one of them does not have.
const readCodes: Statement = {
  name: 'read_codes',
  text: `
    SELECT 'release point' AS source, product, code::text, en, zh, outcome, NULL AS scenario, NULL AS mode FROM ops.release_points
    UNION ALL SELECT 'state code', product, code::text, en, zh, outcome, NULL, NULL FROM ops.hangup_reasons
    UNION ALL SELECT 'Q.850', NULL, code::text, en, zh, outcome, NULL, NULL FROM ops.q850_causes
    UNION ALL SELECT 'SIP', NULL, code::text, en, zh, outcome, NULL, NULL FROM ops.sip_statuses
    UNION ALL SELECT 'service type', NULL, code, en, zh, NULL, scenario, mode FROM ops.service_types`,
}

type CodeRow = { code: string; en: string; zh: string } & (
  | { source: 'release point' | 'state code'; product: Product; outcome: CodeMeaning['outcome'] }
  | { source: 'Q.850' | 'SIP'; outcome: CodeMeaning['outcome'] }
  | ({ source: 'service type' } & ServiceType)
)

/** The code tables, as the fold wants them. */
export async function readCodeTables(client: Queryable): Promise<CodeTables> {
  const { rows } = await run<CodeRow>(client, readCodes, [])
  const tables = {
    releasePoints: { voice: new Map(), privateNumber: new Map() },
    stateCodes: { voice: new Map(), privateNumber: new Map() },
    q850: new Map<number, CodeMeaning>(),
    sip: new Map<number, CodeMeaning>(),
    serviceTypes: new Map<string, ServiceType>(),
  } satisfies CodeTables
  for (const row of rows) {
    if (row.source === 'service type') {
      tables.serviceTypes.set(row.code, { scenario: row.scenario, mode: row.mode })
      continue
    }
    const meaning: CodeMeaning = { en: row.en, zh: row.zh, outcome: row.outcome }
    const code = Number(row.code)
    if (row.source === 'release point') tables.releasePoints[row.product].set(code, meaning)
    else if (row.source === 'state code') tables.stateCodes[row.product].set(code, meaning)
    else (row.source === 'SIP' ? tables.sip : tables.q850).set(code, meaning)
  }
  return tables
}

const readScenarios: Statement = {
  name: 'read_app_scenarios',
  text: 'SELECT app_key, scenario FROM ops.apps WHERE scenario IS NOT NULL',
}

/** Scenario of each application that declares one (rtc.apps). */
export async function readAppScenarios(client: Queryable): Promise<Map<string, Scenario>> {
  const { rows } = await run<{ app_key: string; scenario: Scenario }>(client, readScenarios, [])
  return new Map(rows.map(({ app_key, scenario }) => [app_key, scenario]))
}
