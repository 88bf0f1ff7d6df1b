/** The part of a pino logger that is used here. Whatever is logged holds counts and codes, never what a record says. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
