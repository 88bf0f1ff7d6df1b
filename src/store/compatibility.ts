/** The oldest major version the migrations and statements are tried on. */
const oldestMajor = 14

/**
 * Why a server cannot be used, judged by its `version()`; undefined for one that can. openGauss and GaussDB came from
 * PostgreSQL 9.2 and still report that as their version, so theirs is found by name.
 */
export function incompatibility(version: string): string | undefined {
  const [fork] = /openGauss|GaussDB/.exec(version) ?? []
  if (fork) return `the server is ${fork}, which is not supported${instead}`
  const [, major] = /^PostgreSQL (\d+)/.exec(version) ?? []
  if (major && Number(major) < oldestMajor) return `the server is PostgreSQL ${major}, which is too old${instead}`
}

/**
 * The same for an error of the login: their password method has the number of Postgres's SASL, but names no mechanism,
 * so the driver fails before anybody can ask for the version.
 */
export function explainLogin(error: unknown): unknown {
  if (!(error instanceof Error) || !/^SASL: Only mechanism/.test(error.message)) return error
  return new Error(
    `the server asks for a password in a way that PostgreSQL does not, as openGauss and GaussDB do, which are not supported${instead}`,
    { cause: error },
  )
}

const instead = `: use PostgreSQL ${oldestMajor} to 18, such as RDS for PostgreSQL`
