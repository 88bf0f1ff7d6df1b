import fc from 'fast-check'
import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { maskId, maskKeys, maskNumber, maskText, mayHoldNumber } from '../../src/calls/masks.ts'
import { freshDatabase } from '../support/database.ts'

/** The views over raw facts mask in SQL what the fold masks in TypeScript: one rule, written twice. */

let pool: pg.Pool

beforeAll(async () => {
  pool = (await freshDatabase()).pool
})

const masks: Record<string, (text: string) => unknown> = {
  mask_number: maskNumber,
  mask_text: maskText,
  mask_id: maskId,
  mask_keys: maskKeys,
  may_hold_number: mayHoldNumber,
}

/** What the function of that name makes of each text. */
async function inSql(name: string, texts: readonly (string | null)[]): Promise<unknown[]> {
  const { rows } = await pool.query(
    `SELECT rtc.${name}(text) AS masked FROM unnest($1::text[]) WITH ORDINALITY AS t (text, place) ORDER BY place`,
    [texts],
  )
  return rows.map(({ masked }) => masked)
}

/** Texts as senders write numbers, and as those write who want to get one past a mask. */
const digits = fc.stringMatching(/^[0-9]{1,15}$/)
const piece = fc.oneof(
  { weight: 4, arbitrary: digits },
  {
    weight: 2,
    arbitrary: fc.constantFrom('+', '+86', '0086', '138', '20190124030424', '****', '_', '@', '-', '.', ' '),
  },
  fc.constantFrom(
    '０１２３４５６',
    '１',
    '（',
    '）',
    '．',
    '\n',
    '\t',
    '\u00a0',
    '٣٤٥٦٧٨٩',
    'é',
    '号',
    '😀',
    'callenabler245.example',
  ),
  fc.uuid(),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
)
const text = fc
  .oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
    fc.tuple(fc.constantFrom('', '+', '86', '+86'), digits).map((parts) => parts.join('')),
    fc.array(fc.constantFrom(...'0123456789０９+-. ()（）'), { maxLength: 24 }).map((signs) => signs.join('')),
    fc
      .tuple(fc.nat(9_999), fc.nat(9_999), fc.nat(), fc.constantFrom('', '@host7.example', '@h13800000021', '@１host'))
      .map(([module, n, m, host]) => `${module}_${n}_${m}_20190124030424${host}`),
  )
  // Neither has a place in Postgres.
  .filter((some) => !some.includes('\0') && some.isWellFormed())

test.each(Object.entries(masks))('%s in SQL is the one of the fold', async (name, mask) => {
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 100, maxLength: 200 }), async (texts) => {
      const found = await inSql(name, texts)
      const made = texts.map(mask)
      const different = texts.filter((_, i) => found[i] !== made[i])
      expect(different.map((some) => [some, found[texts.indexOf(some)], mask(some)])).toEqual([])
    }),
    { numRuns: 30 },
  )
  expect(await inSql(name, [null])).toEqual([null])
})

test.each([
  ['CAE-20190124110424-12019775', 'CAE-20190124110424-12019775'],
  [
    'ba171f34e6953fcd751edc77127748f4.3757223714.337238282.9',
    'ba171f34e6953fcd751edc77127748f4.3757223714.337238282.9',
  ],
  ['ic-4711', 'ic-4711'],
  ['ic-13800000021', 'ic-***'],
  ['CAE-20190124110424-13800000021', 'CAE-***'],
  ['+8613800000021.20190124', '***'],
  ['', ''],
])('the icid %s shows as %s', async (icid, shown) => {
  expect(await inSql('mask_icid', [icid])).toEqual([shown])
})

test('of fields without a column names show, where they are letters and underscores, and no value', async () => {
  const mask = async (fields: unknown) =>
    (await pool.query('SELECT rtc.mask_fields($1) AS masked', [JSON.stringify(fields)])).rows[0].masked
  expect(await mask({ areaCode: '0755', call_type: 1, deep: { number: '+8613800000021' } })).toEqual({
    areaCode: '***',
    call_type: '***',
    deep: '***',
  })
  expect(await mask({ '13800000021': 1, '/traceId': 2, 号码: 3, a1: 4 })).toEqual({ '***': '***' })
  for (const odd of [['+8613800000021'], '+8613800000021', 13_800_000_021, {}])
    expect(JSON.stringify(await mask(odd))).not.toContain('138')
  expect((await pool.query('SELECT rtc.mask_fields(NULL) AS masked')).rows[0].masked).toBeNull()
})
