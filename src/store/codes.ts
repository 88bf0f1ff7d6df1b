import type { CodeMeaning, CodeTables, Mode, Product, ReferenceKeys, Scenario, ServiceType } from '../calls/types.ts'
import type { Queryable } from './statement.ts'

type CodeRow = CodeMeaning & { product: Product; code: number }

/** The platform's code tables. They change by a migration only. */
export async function readCodeTables(client: Queryable): Promise<CodeTables> {
  const read = async (view: 'hangup_reasons' | 'release_points' | 'q850_causes' | 'sip_statuses') =>
    (await client.query<CodeRow>(`SELECT * FROM ops.${view}`)).rows
  const ofBoth = (rows: CodeRow[]) => ({
    voice: meanings(rows.filter(({ product }) => product === 'voice')),
    privateNumber: meanings(rows.filter(({ product }) => product === 'privateNumber')),
  })
  const types = await client.query<ServiceType & { code: string; mode: Mode | null }>(
    'SELECT code, scenario, mode FROM ops.service_types',
  )
  return {
    releasePoints: ofBoth(await read('release_points')),
    stateCodes: ofBoth(await read('hangup_reasons')),
    q850: meanings(await read('q850_causes')),
    sip: meanings(await read('sip_statuses')),
    serviceTypes: new Map(types.rows.map(({ code, ...type }) => [code, type])),
  }
}

function meanings(rows: CodeRow[]): Map<number, CodeMeaning> {
  return new Map(rows.map(({ code, en, zh, outcome }) => [code, { en, zh, outcome }]))
}

/** Which scenario the owner declares each application to be of. */
export async function readScenarios(client: Queryable): Promise<Map<string, Scenario>> {
  const { rows } = await client.query<{ app_key: string; scenario: Scenario }>(
    'SELECT app_key, scenario FROM rtc.apps WHERE scenario IS NOT NULL',
  )
  return new Map(rows.map(({ app_key, scenario }) => [app_key, scenario]))
}

/** The keys that call_ref and references are made with. Made by the first migration and never changed. */
export async function readReferenceKeys(client: Queryable): Promise<ReferenceKeys> {
  const { rows } = await client.query<{ purpose: string; key: Buffer }>(
    "SELECT purpose, key FROM rtc.keys WHERE purpose IN ('ref', 'ref_unsigned')",
  )
  const keyFor = (purpose: string) => {
    const found = rows.find((row) => row.purpose === purpose)
    if (!found) throw new Error(`rtc.keys has no key for '${purpose}': the first migration writes it`)
    return found.key
  }
  return { signed: keyFor('ref'), unsigned: keyFor('ref_unsigned') }
}
