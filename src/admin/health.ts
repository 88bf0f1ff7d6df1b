import { Type } from 'typebox'

/** The answers of the probes. */
export const Alive = Type.Object({ status: Type.Literal('alive') })

export const Ready = Type.Object({
  status: Type.Union([Type.Literal('ready'), Type.Literal('not ready')]),
  degraded: Type.Array(Type.String()),
})
