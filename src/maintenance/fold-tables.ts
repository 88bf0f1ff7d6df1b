import type { CodeTables, FoldContext, ReferenceKeys } from '../calls/types.ts'
import { readAppScenarios, readCodeTables } from '../store/codes.ts'
import { readReferenceKeys } from '../store/keys.ts'
import type { Queryable } from '../store/statement.ts'

/** How long code tables are believed, milliseconds: a migration may have changed them. */
const believedMs = 60_000

/** What the fold reads beside facts: code tables and keys, kept for a minute, and the scenarios of applications. */
export class FoldTables {
  readonly #showUserData: boolean
  #kept: { codes: CodeTables; references: ReferenceKeys; until: number } | undefined

  constructor(showUserData: boolean) {
    this.#showUserData = showUserData
  }

  /** Scenarios are read each time: whoever sets one folds again at once. */
  async read(client: Queryable, now: number): Promise<FoldContext> {
    if (!this.#kept || this.#kept.until < performance.now())
      this.#kept = {
        codes: await readCodeTables(client),
        references: await readReferenceKeys(client),
        until: performance.now() + believedMs,
      }
    const { codes, references } = this.#kept
    return { codes, references, scenarios: await readAppScenarios(client), now, showUserData: this.#showUserData }
  }

  /** Another database may have other keys. */
  forget(): void {
    this.#kept = undefined
  }
}
