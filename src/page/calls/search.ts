import type { CallFilter } from '../../store/page/calls.ts'
import { field, fields } from '../fields.ts'
import type { View } from '../layout.ts'
import { readLocal } from '../periods.ts'

/** What calls a list is of, as the address and the fields of the form have it. */
export interface Search {
  /** Local times, such as 2026-11-22T09:00:00: from then on, and before. */
  from?: string | undefined
  to?: string | undefined
  outcomes?: readonly string[] | undefined
  app?: string | undefined
  scenario?: string | undefined
  company?: string | undefined
  /** A reason: the table of its code, and the code. */
  source?: string | undefined
  code?: string | undefined
  /** Of calls that go on: yes. */
  live?: string | undefined
}

const names = ['from', 'to', 'app', 'scenario', 'company', 'source', 'code', 'live'] as const

export function searchOf(query: unknown): Search {
  const search: Search = { outcomes: fields(query, 'outcome') }
  for (const name of names) search[name] = field(query, name)
  return search
}

export function isSearch(search: Search): boolean {
  return callsPath(search) !== '/calls'
}

interface Part {
  /** The last call of the list before. */
  after?: { started_at: Date; call_ref: string }
  /** As a file. */
  csv?: boolean
}

/** Where the list of these calls stands. */
export function callsPath(search: Search, { after, csv = false }: Part = {}): string {
  const query = new URLSearchParams()
  for (const name of names) {
    const value = search[name]
    if (value !== undefined) query.append(name, value)
  }
  for (const outcome of search.outcomes ?? []) query.append('outcome', outcome)
  if (after) {
    query.append('before', after.started_at.toISOString())
    query.append('below', after.call_ref)
  }
  const text = query.toString()
  const path = csv ? '/calls.csv' : '/calls'
  return text === '' ? path : `${path}?${text}`
}

/** A time as `from` and `to` have it. */
export function localTime({ format }: Pick<View, 'format'>, time: Date): string {
  return format.time(time).replace(' ', 'T')
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Whether it may be the reference of a call. */
export function isCallRef(text: string | undefined): text is string {
  return text !== undefined && uuid.test(text)
}

/** What of an address does not make sense is as if it were not there. */
export function filterOf(search: Search, query: unknown, timeZone: string): CallFilter {
  const { outcomes, app, scenario, company, source, code, live } = search
  const [before, below] = [new Date(field(query, 'before') ?? ''), field(query, 'below')]
  return {
    from: readLocal(search.from, timeZone),
    to: readLocal(search.to, timeZone),
    outcomes,
    app,
    scenario,
    company,
    reason: source !== undefined && /^\d{1,9}$/.test(code ?? '') ? { source, code: Number(code) } : undefined,
    live: live === 'yes',
    after: !Number.isNaN(before.getTime()) && isCallRef(below) ? { startedAt: before, callRef: below } : undefined,
  }
}
