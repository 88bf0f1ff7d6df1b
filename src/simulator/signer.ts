import { type Separator, signedHeaders } from '../platform/aksk.ts'
import type { AppSecret } from '../platform/aksk-verifier.ts'
import type { RecordKind } from '../platform/record.ts'
import type { Random } from './random.ts'

/**
 * The documented digests of callbacks (protocol.md: digest): url, nonce and Created with a line feed between them
 * (`lf`) or nothing (`plain`); the URL is the callback's own, or always the feeUrl.
 */
export const signatureForms = ['none', 'lf', 'plain', 'lf-fee', 'plain-fee', 'any'] as const
export type SignatureForm = (typeof signatureForms)[number]

export interface SignerOptions {
  form: SignatureForm
  /** The first secret of an appKey signs its callbacks. */
  apps: readonly AppSecret[]
  /** The time that Created tells; both end in Z. */
  createdZone: 'utc' | 'beijing'
  /** How far the platform's clock is ahead, in seconds. */
  clockSkewS: number
}

/** Signs callbacks as the platform does. */
export class Signer {
  readonly #options: SignerOptions

  constructor(options: SignerOptions) {
    this.#options = options
  }

  /** Headers of one callback; each push is signed on its own. None for an app without a secret. */
  headers(random: Random, kind: RecordKind, appKey: string, urls: Record<RecordKind, string>): Record<string, string> {
    const { form, apps, createdZone, clockSkewS } = this.#options
    const secret = apps.find((app) => app.appKey === appKey)?.secret
    if (form === 'none' || secret === undefined) return {}
    const drawn = form === 'any' ? random.pick(['lf', 'plain', 'lf-fee', 'plain-fee'] as const) : form
    const separator: Separator = drawn.startsWith('lf') ? '\n' : ''
    const url = drawn.endsWith('-fee') ? urls.fee : urls[kind]
    const told = Date.now() + clockSkewS * 1000 + (createdZone === 'beijing' ? 8 * 3_600_000 : 0)
    const created = `${new Date(told).toISOString().slice(0, 19)}Z`
    return signedHeaders({ appKey, secret, url, separator, created })
  }
}
