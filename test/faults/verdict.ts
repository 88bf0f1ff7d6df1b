/** What a report looks like when every promise was kept. */
export const clean = { lost: [], twice: [], strange: [], wrong: [], unbalanced: [], left: 0, setAside: 0 }

/** The seed of this run: SEED to repeat one. */
export function seedOf(): number {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000))
  console.info(`SEED=${seed}`)
  return seed
}
