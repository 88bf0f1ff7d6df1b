import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inspectSpool, Spool, type SpooledRecord } from '../../src/spool/spool.ts'
import { copySpool, entry, FaultyIo, numberOf, TestLog, temporaryDirectory } from '../support/spool.ts'

type Step =
  | { do: 'append'; sizes: number[] }
  | { do: 'appendTogether'; callers: number }
  | { do: 'take'; max: number }
  | { do: 'commit' | 'giveBack' | 'setAside'; which: number; count: number }
  | { do: 'fail'; call: 'write' | 'datasync' | 'truncate' | 'unlink' | 'sync'; times: number }
  | { do: 'room'; bytes: number }
  | { do: 'heal' | 'probe' | 'reopen' | 'kill' | 'powerCut' }

const count = fc.integer({ min: 1, max: 5 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('append'), sizes: fc.array(fc.nat(400), { maxLength: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('appendTogether'), callers: count }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('take'), max: fc.nat(6) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('commit'), which: fc.nat(), count }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('giveBack'), which: fc.nat(), count }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('setAside'), which: fc.nat(), count: fc.constant(1) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fail'),
      call: fc.constantFrom('write', 'datasync', 'truncate', 'unlink', 'sync'),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('room'), bytes: fc.nat(1500) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('heal', 'probe', 'reopen', 'kill', 'powerCut') }) },
)

/** What the outside knows: what it sent, what was acknowledged, what it has committed or seen set aside. */
class Model {
  readonly io = new FaultyIo()
  readonly sent = new Map<number, string>()
  readonly acknowledged = new Set<number>()
  readonly settled = new Set<number>()
  held: SpooledRecord[] = []
  /** Of the present run, for the ledger. */
  appended = 0
  committed = 0
  #directory: string
  readonly #parent: string
  #copies = 0

  constructor(parent: string) {
    this.#parent = parent
    this.#directory = join(parent, 'spool')
    this.io.lazy = true
  }

  open(): Promise<Spool> {
    this.held = []
    this.appended = 0
    this.committed = 0
    return Spool.open({ directory: this.#directory, maxBytes: 16 * 1024, log: new TestLog(), io: this.io })
  }

  /** What the disk holds at this moment, in a process that knows nothing else; or all that the page cache holds. */
  async crash(spool: Spool, how: 'powerCut' | 'kill'): Promise<Spool> {
    const copy = join(this.#parent, `copy-${++this.#copies}`)
    await mkdir(copy)
    if (how === 'kill') {
      await copySpool(this.#directory, copy)
      this.io.disk.move(this.#directory, copy)
    } else {
      await this.io.disk.cut(this.#directory, copy)
    }
    await spool.close()
    this.#directory = copy
    return this.open()
  }

  inspect() {
    return inspectSpool(this.#directory)
  }

  async append(spool: Spool, sizes: number[]): Promise<void> {
    const entries = sizes.map((size) => {
      const given = entry(this.sent.size, { padding: 'é'.repeat(size) })
      this.sent.set(this.sent.size, JSON.stringify(given))
      return given
    })
    try {
      await spool.append(entries)
      for (const given of entries) this.acknowledged.add(numberOf({ entry: given }))
      this.appended += entries.length
    } catch (error) {
      expect(error).toMatchObject({ name: expect.stringMatching(/^Spool(Full|Write)Error$/) })
    }
  }

  async take(spool: Spool, max: number): Promise<number> {
    const taken = await spool.take(max)
    expect(taken.length).toBeLessThanOrEqual(max)
    const ids = new Set(this.held.map(({ id }) => id))
    for (const record of taken) {
      expect(ids.has(record.id)).toBe(false)
      expect(JSON.stringify(record.entry)).toBe(this.sent.get(numberOf(record)))
    }
    this.held.push(...taken)
    return taken.length
  }

  choose(which: number, count: number): SpooledRecord[] {
    return this.held.splice(which % (this.held.length + 1), count)
  }

  commit(spool: Spool, records: SpooledRecord[]): void {
    for (const record of records) this.settled.add(numberOf(record))
    this.committed += records.length
    spool.commit(records.map(({ id }) => id))
  }

  async setAside(spool: Spool, records: SpooledRecord[]): Promise<void> {
    for (const record of records) {
      try {
        await spool.setAside(record.id, 'test')
        this.settled.add(numberOf(record))
      } catch (error) {
        expect(error).toMatchObject({ name: 'SpoolWriteError' })
      }
    }
  }
}

async function follow(model: Model, spool: Spool, step: Step): Promise<Spool> {
  const { io } = model
  if (step.do === 'append') await model.append(spool, step.sizes)
  if (step.do === 'appendTogether') {
    await Promise.all(Array.from({ length: step.callers }, () => model.append(spool, [10])))
  }
  if (step.do === 'take') await model.take(spool, step.max)
  if (step.do === 'commit') model.commit(spool, model.choose(step.which, step.count))
  if (step.do === 'giveBack') spool.giveBack(model.choose(step.which, step.count).map(({ id }) => id))
  if (step.do === 'setAside') await model.setAside(spool, model.choose(step.which, step.count))
  if (step.do === 'fail') io.fail(step.call, 'EIO', { times: step.times })
  if (step.do === 'room') io.room = step.bytes
  if (step.do === 'heal') io.heal()
  if (step.do === 'probe') await spool.probe()
  if (step.do === 'powerCut' || step.do === 'kill') return model.crash(spool, step.do)
  if (step.do === 'reopen') {
    await spool.close()
    return model.open()
  }
  return spool
}

test('whatever happens in whatever order, no acknowledged record is lost and none is invented', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const model = new Model(await temporaryDirectory())
      let spool = await model.open()
      try {
        for (const step of steps) {
          spool = await follow(model, spool, step)
          expect(spool.recordsAtStart + model.appended).toBe(model.committed + spool.setAsideCount + spool.records)
          expect(spool.records).toBeGreaterThanOrEqual(model.held.length)
        }
        model.io.heal()
        spool = await follow(model, spool, { do: 'powerCut' })
        const found = new Set<number>()
        while ((await model.take(spool, 7)) > 0);
        for (const record of model.held) found.add(numberOf(record))
        for (const n of model.acknowledged) if (!model.settled.has(n)) expect(found).toContain(n)
        expect(spool.records).toBe(model.held.length)
        model.commit(spool, model.held.splice(0))
        expect(spool.records).toBe(0)
        await spool.close()
        expect(await model.inspect()).toMatchObject({ records: 0, segments: 0, damaged: 0 })
      } finally {
        await spool.close()
      }
    }),
    { numRuns: 150 },
  )
}, 120_000)
