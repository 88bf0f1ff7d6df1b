import type { CodeMeaning, CodeTables, FailureOutcome, Meanings, Product, ReasonSource } from './types.ts'

/** Codes of a call, null where there is none. */
export interface Codes {
  releasePoint: number | null
  /** Q.850 cause of the leg that failed, and of the other one. */
  q850: number | null
  otherQ850: number | null
  stateCode: number | null
  sipStatus: number | null
}

export interface Reason {
  code: number
  source: ReasonSource
  en: string
  zh: string
  outcome: CodeMeaning['outcome']
}

/** The release point of a call that was answered, else its state code. */
export function reasonOfAnswered(codes: Codes, tables: CodeTables, product: Product): Reason | null {
  const reasons = reasonsOf(codes, tables, product)
  return (
    reasons.find(({ source, isKnown }) => isKnown && (source === 'release point' || source === 'state code')) ??
    reasons[0] ??
    null
  )
}

/**
 * Why a call was not answered, and how that counts. The first code speaks that names an outcome, in the order of how
 * much the platform says by it: release point, Q.850 of the leg that failed, state code, SIP. A code that stands in
 * answered calls only says nothing here. Where none names an outcome, one that only says where it ended is the reason.
 */
export function reasonOfFailed(
  codes: Codes,
  tables: CodeTables,
  product: Product,
): { outcome: FailureOutcome | 'unknown'; reason: Reason | null } {
  const reasons = reasonsOf(codes, tables, product).filter(({ outcome }) => outcome !== 'answered')
  for (const reason of reasons) {
    if (reason.outcome !== null && reason.outcome !== 'answered') return { outcome: reason.outcome, reason }
  }
  const bySip = reasons.find(({ source }) => source === 'SIP')
  const pointer = reasons.find(
    ({ source, isKnown }) => isKnown && (source === 'release point' || source === 'state code'),
  )
  return { outcome: pointer ? 'failed' : 'unknown', reason: bySip ?? pointer ?? reasons[0] ?? null }
}

function reasonsOf(codes: Codes, tables: CodeTables, product: Product): (Reason & { isKnown: boolean })[] {
  const { releasePoint, q850, otherQ850, stateCode, sipStatus } = codes
  return [
    reason('release point', releasePoint, tables.releasePoints[product], 'release point', '拆线点'),
    reason('Q.850', q850, tables.q850, 'Q.850 cause', 'Q.850 原因值'),
    reason('Q.850', otherQ850, tables.q850, 'Q.850 cause', 'Q.850 原因值'),
    reason('state code', stateCode, tables.stateCodes[product], 'state code', '挂机原因值'),
    reason('SIP', sipStatus, tables.sip, 'SIP status', 'SIP 状态码'),
  ].filter((found) => found !== null)
}

/** The platform adds codes without notice: one that is in no table names itself. */
function reason(
  source: ReasonSource,
  code: number | null,
  meanings: Meanings,
  en: string,
  zh: string,
): (Reason & { isKnown: boolean }) | null {
  if (code === null) return null
  const meaning = meanings.get(code)
  if (meaning) return { code, source, en: meaning.en, zh: meaning.zh, outcome: meaning.outcome, isKnown: true }
  return { code, source, en: `${en} ${code}`, zh: `${zh} ${code}`, outcome: null, isKnown: false }
}
