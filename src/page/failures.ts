import { classify } from '../store/errors.ts'
import { type Html, html } from './html.ts'
import type { View } from './layout.ts'

/** Why a panel has nothing to show. */
export type Failed = { why: 'away' | 'busy' | 'slow' | 'right' | 'missing' } | { why: 'other'; code: string }

export function whyFailed(error: unknown): Failed {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  if (code === '57014') return { why: 'slow' }
  if (code === '42501') return { why: 'right' }
  if (['42P01', '42883', '42703', '3F000'].includes(code)) return { why: 'missing' }
  return classify(error) === 'away' ? { why: 'away' } : { why: 'other', code: code || 'an error without a code' }
}

/** Says in the panel's own place what went wrong. */
export function failed(failure: Failed, { texts }: View): Html {
  const reasons = {
    away: texts.away,
    busy: texts.busy,
    slow: texts.tooSlow,
    right: texts.noRight,
    missing: texts.noView,
  }
  const text = failure.why === 'other' ? texts.queryFailedWhy(failure.code) : reasons[failure.why]
  return html`<div class="empty failed" role="note"><strong>${texts.queryFailed}.</strong> ${text}</div>`
}
