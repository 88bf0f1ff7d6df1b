import { type TOptional, Type } from 'typebox'
import Format from 'typebox/format'
import { Compile, type Validator } from 'typebox/schema'
import { parseTime } from './times.ts'

/**
 * Longest text kept in a column, in code points. The platform's limit is 256 (protocol.md: status callback); longer
 * text is kept in `extra`.
 */
export const TEXT_LENGTH = 1024
const URL_LENGTH = 2048
const INT_MIN = -2_147_483_648
const INT_MAX = 2_147_483_647

// "" means absent in an optional field (protocol.md: absent values), so it passes everywhere.
Format.Set('rtc-time', (text) => text === '' || parseTime(text) !== undefined)
Format.Set('rtc-int', (text) => text === '' || (/^-?[0-9]+$/.test(text) && isInt4(Number(text))))

function isInt4(value: number): boolean {
  return value >= INT_MIN && value <= INT_MAX
}

/** A number that stands where text belongs is the same text, as long as JSON.parse has lost no digit of it. */
const NumberForText = Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })

export const Text = (description: string) =>
  Type.Union([Type.String({ maxLength: TEXT_LENGTH }), NumberForText, Type.Null()], { description })

/** The one text that every record must have. */
export const SessionId = (description: string) =>
  Type.Union([Type.String({ minLength: 1, maxLength: TEXT_LENGTH }), NumberForText], { description })

export const Url = (description: string) =>
  Type.Union([Type.String({ maxLength: URL_LENGTH }), Type.Null()], { description })

/** An integer as JSON number or as digits in a string, within int4. */
export const Int = (description: string) =>
  Type.Union([Type.Integer({ minimum: INT_MIN, maximum: INT_MAX }), Type.String({ format: 'rtc-int' }), Type.Null()], {
    description,
  })

/** 0 or 1, or the boolean it stands for. */
export const Flag = (description: string) =>
  Type.Union(
    [
      Type.Integer({ minimum: INT_MIN, maximum: INT_MAX }),
      Type.Boolean(),
      Type.String({ format: 'rtc-int' }),
      Type.Null(),
    ],
    { description },
  )

export const Time = (description: string) =>
  Type.Union([Type.String({ format: 'rtc-time' }), Type.Null()], {
    description: `${description}; yyyy-MM-dd HH:mm:ss, UTC`,
    examples: ['2019-01-24 03:04:24'],
  })

interface Atoms {
  text: ReturnType<typeof Text | typeof Url>
  int: ReturnType<typeof Int | typeof Flag>
  time: ReturnType<typeof Time>
}

interface Values {
  text: string
  int: number
  time: string
}

export type FieldType = keyof Atoms

/** A field the platform documents, and the column it is stored in. Everything about a field is said here, once. */
export interface Field<
  Name extends string = string,
  Column extends string = string,
  Kind extends FieldType = FieldType,
> {
  name: Name
  column: Column
  type: Kind
  schema: Atoms[Kind]
  validator: Validator
}

/** The columns that a list of fields fills; null where the field is absent or does not fit. */
export type RowOf<Fields extends readonly Field[]> = {
  [F in Fields[number] as F['column']]: Values[F['type']] | null
}

/** Column descriptions in the order of the fields. */
export type ColumnsOf<Fields extends readonly Field[]> = {
  [I in keyof Fields]: { column: Fields[I]['column']; type: Fields[I]['type'] }
}

export type OptionalProperties<Fields extends readonly Field[]> = {
  [F in Fields[number] as F['name']]: TOptional<F['schema']>
}

function fieldOf<Kind extends FieldType>(type: Kind, atom: (description: string) => Atoms[Kind]) {
  return <const Name extends string, const Column extends string>(
    name: Name,
    column: Column,
    description: string,
  ): Field<Name, Column, Kind> => {
    const schema = atom(description)
    return { name, column, type, schema, validator: Compile(schema) }
  }
}

export const text = fieldOf('text', Text)
export const url = fieldOf('text', Url)
export const int = fieldOf('int', Int)
export const flag = fieldOf('int', Flag)
export const time = fieldOf('time', Time)

export function columnsOf<const Fields extends readonly Field[]>(fields: Fields): ColumnsOf<Fields> {
  return fields.map(({ column, type }) => ({ column, type })) as unknown as ColumnsOf<Fields>
}

/** The fields as optional properties of an object schema. */
export function optionalProperties<const Fields extends readonly Field[]>(fields: Fields): OptionalProperties<Fields> {
  return Object.fromEntries(
    fields.map(({ name, schema }) => [name, Type.Optional(schema)]),
  ) as unknown as OptionalProperties<Fields>
}

/** null, "" and a missing member all say that the platform had nothing to tell. */
export function isAbsent(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === ''
}

/** Text that every record of its kind must have: not empty, and of 1,024 code points at most. */
export function isText(value: unknown): value is string {
  if (typeof value !== 'string' || value === '') return false
  // Half of the length in UTF-16 is the least number of code points.
  return value.length <= TEXT_LENGTH || (value.length <= 2 * TEXT_LENGTH && [...value].length <= TEXT_LENGTH)
}
