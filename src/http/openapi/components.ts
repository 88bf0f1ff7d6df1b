import { Accepted } from '../../platform/answer.ts'
import { FeeCallback, Notice, StatusCallback } from '../../platform/envelope.ts'
import { FeeInfo } from '../../platform/fee-info.ts'
import { Place } from '../../platform/record.ts'
import { StatusInfo } from '../../platform/status-info.ts'
import { Refusal } from '../refusals.ts'

const components = { StatusCallback, StatusInfo, FeeCallback, FeeInfo, Notice, Accepted, Refusal, Place }
export type ComponentName = keyof typeof components

const names = new Map<unknown, string>(Object.entries(components).map(([name, schema]) => [schema, name]))

/** The schemas that have a name in the document, each with references to the others instead of copies of them. */
export const sharedSchemas = Object.entries(components).map(([name, schema]) => ({
  ...(Object.fromEntries(Object.entries(schema).map(([key, part]) => [key, withReferences(part)])) as object),
  $id: name,
}))

function withReferences(part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part
  const name = names.get(part)
  if (name !== undefined) return { $ref: `${name}#` }
  if (Array.isArray(part)) return part.map(withReferences)
  return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, withReferences(inner)]))
}
