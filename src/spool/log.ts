/** The part of a pino logger that the spool uses. It never says what a record holds. */
export interface SpoolLog {
  info(context: object, message: string): void
  warn(context: object, message: string): void
  error(context: object, message: string): void
}
