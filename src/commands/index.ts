import type { Command } from 'commander'

export interface CommandEntry {
  /** One line in the list of commands, of 66 columns at most. */
  description: string
  /** Gives the command its arguments, options and action. Loaded only when it is called: the libraries take a while. */
  load: () => Promise<(command: Command) => void>
}

/** Every command, in the order of the list. */
export const commands: Record<string, CommandEntry> = {
  serve: {
    description: 'run the receiver, configured by the environment',
    load: async () => (await import('./serve.ts')).serveCommand,
  },
  migrate: {
    description: 'bring the database to this release',
    load: async () => (await import('./migrate.ts')).migrateCommand,
  },
  roles: {
    description: 'make the database roles, or print the SQL for a DBA',
    load: async () => (await import('./roles.ts')).rolesCommand,
  },
  urls: {
    description: 'print the statusUrl and feeUrl to register at the platform',
    load: async () => (await import('./urls.ts')).urlsCommand,
  },
  check: {
    description: 'say what is wrong, and what to do about it',
    load: async () => (await import('./check.ts')).checkCommand,
  },
  sql: {
    description: 'run one read-only query, or list the views to query',
    load: async () => (await import('./sql.ts')).sqlCommand,
  },
  partitions: {
    description: 'list partitions with their size, create or drop them',
    load: async () => (await import('./partitions.ts')).partitionsCommand,
  },
  refold: {
    description: 'compute calls again from the stored events and CDRs',
    load: async () => (await import('./refold.ts')).refoldCommand,
  },
  distribute: {
    description: 'distribute the tables over the nodes of a Citus cluster',
    load: async () => (await import('./distribute.ts')).distributeCommand,
  },
  quarantine: {
    description: 'look at and deal with what could not be stored',
    load: async () => (await import('./quarantine.ts')).quarantineCommand,
  },
  spool: {
    description: 'look at and drain the records waiting on the local disk',
    load: async () => (await import('./spool.ts')).spoolCommand,
  },
  listen: {
    description: 'show events, CDRs and calls as they come, or post each to a URL',
    load: async () => (await import('./listen.ts')).listenCommand,
  },
  forward: {
    description: 'look at and deal with what FORWARD_URL refused too often',
    load: async () => (await import('./forward.ts')).forwardCommand,
  },
  apps: {
    description: 'say what each application does: notifications, codes, calls',
    load: async () => (await import('./apps.ts')).appsCommand,
  },
  erase: {
    description: 'replace a phone number by a pseudonym in every table',
    load: async () => (await import('./erase.ts')).eraseCommand,
  },
  call: {
    description: 'place a verification-code call and follow it',
    load: async () => (await import('./call.ts')).callCommand,
  },
  simulate: {
    description: 'stand in for the platform: send invented calls to this machine',
    load: async () => (await import('./simulate.ts')).simulateCommand,
  },
  completion: {
    description: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('./completion.ts')).completionCommand,
  },
}
