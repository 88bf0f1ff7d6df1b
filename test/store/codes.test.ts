import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import type { CodeTables } from '../../src/calls/types.ts'
import { readAppScenarios, readCodeTables } from '../../src/store/codes.ts'
import { freshDatabase } from '../support/database.ts'

let pool: pg.Pool
let codes: CodeTables

beforeAll(async () => {
  pool = (await freshDatabase()).pool
  codes = await readCodeTables(pool)
})

test('ops.outcomes lists what ops.calls takes', async () => {
  const { rows } = await pool.query(`SELECT array_agg(outcome) AS listed,
      (SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'calls_outcome') AS taken FROM ops.outcomes`)
  const [{ listed, taken }] = rows
  expect([...taken.matchAll(/'([^']+)'::text/g)].map(([, outcome]) => outcome).sort()).toEqual(listed.sort())
})

describe('code tables', () => {
  test.each([
    [8105, 'rejected', 'unreachable'],
    [8008, 'answered', 'failed'],
    [8022, 'failed', 'failed'],
    [8019, 'failed', 'failed'],
    [8002, 'failed', 'failed'],
    [8103, 'unreachable', 'unreachable'],
    [0, 'answered', 'answered'],
  ])('code %i counts as %s in voice and as %s in private number', (code, voice, privateNumber) => {
    for (const table of [codes.stateCodes, codes.releasePoints]) {
      expect(table.voice.get(code)?.outcome).toBe(voice)
      expect(table.privateNumber.get(code)?.outcome).toBe(privateNumber)
    }
  })

  test('what a code means in each product', () => {
    expect(codes.stateCodes.voice.get(8022)?.en).toBe('invalid extension number')
    expect(codes.stateCodes.privateNumber.get(8022)?.en).toBe('AXE, B calls X: binding missing or expired')
    expect(codes.releasePoints.privateNumber.get(8105)?.en).toBe("callee's line is suspended")
  })

  test('7xxx and 8xxx are looked up in the other table, other codes are not', () => {
    // Each stands on one page only.
    expect(codes.stateCodes.privateNumber.get(7103)?.en).toBe('caller number is unknown to the platform')
    expect(codes.releasePoints.privateNumber.get(8139)?.en).toBe('other abnormal behavior')
    expect(codes.releasePoints.voice.get(8104)?.outcome).toBe('unreachable')
    expect(codes.stateCodes.voice.has(514)).toBe(false)
    const inBoth = (table: CodeTables['stateCodes']) =>
      [...table.voice.keys()].filter((code) => code >= 7000 && code < 9000).sort()
    expect(inBoth(codes.stateCodes)).toEqual(inBoth(codes.releasePoints))
  })

  test('where both tables have a code each keeps its own words', () => {
    expect(codes.stateCodes.voice.get(8102)?.en).toBe('callee busy')
    expect(codes.releasePoints.voice.get(8102)?.en).toBe('callee busy (in a call, ringing, ...)')
  })

  test('a release point from 400 to 699 is the SIP status, where it has no meaning of its own', () => {
    expect(codes.releasePoints.voice.get(486)).toMatchObject({ outcome: 'busy', en: 'SIP status 486 from the far end' })
    expect(codes.releasePoints.voice.get(503)?.en).toBe('recording: caller failed to join the conference')
    expect(codes.sip.get(503)).toMatchObject({ outcome: 'failed', en: 'SIP status 503' })
  })

  test('Q.850 and SIP are the same in both products', () => {
    expect(codes.q850.get(17)).toEqual({ en: 'user busy', zh: '用户忙', outcome: 'busy' })
    expect(codes.q850.get(16)?.outcome).toBe(null)
    expect(codes.sip.get(480)?.outcome).toBe('unreachable')
  })

  test('service types', () => {
    expect(Object.fromEntries(codes.serviceTypes)).toEqual({
      '001': { scenario: 'playback', mode: null },
      '002': { scenario: 'click2Call', mode: null },
      '003': { scenario: 'privateNumber', mode: 'AX' },
      '004': { scenario: 'privateNumber', mode: null },
      '005': { scenario: 'privateNumber', mode: 'AXE' },
      '007': { scenario: 'privateNumber', mode: 'AXYB' },
    })
  })
})

test('each code has one row for each product in the views, and texts in both languages', async () => {
  for (const view of ['hangup_reasons', 'release_points']) {
    const { rows } = await pool.query(
      `SELECT code FROM ops.${view} GROUP BY code HAVING count(*) <> 2 OR count(DISTINCT product) <> 2
       UNION ALL SELECT code FROM ops.${view} WHERE en = '' OR zh = ''`,
    )
    expect(rows).toEqual([])
  }
})

test('scenarios of the applications that declare one', async () => {
  await pool.query("INSERT INTO rtc.apps VALUES ('app-1', 'One', 'callVerify'), ('app-2', 'Two', NULL)")
  expect(await readAppScenarios(pool)).toEqual(new Map([['app-1', 'callVerify']]))
})
