import { half, type Mood, type View } from './layout.ts'
import { hoursText } from './lists.ts'
import type { Overview } from './overview.ts'

/** Something that somebody should look at. */
export interface Finding {
  mood: Mood
  /** What it is about, in a word. */
  about: string
  text: string
  /** Where more is to be seen. */
  href?: string
}

/** Free disk below this is worth a word. */
const lowDiskBytes = 2 ** 30

/** Everything that is wrong or soon will be, the worst first. */
export function attention(view: View, it: Overview): Finding[] {
  const { words, format, language } = view
  const { state } = it
  const findings: Finding[] = state.degraded.map((text) => ({
    mood: state.ready ? 'warn' : 'bad',
    about: words.receiver,
    text: words.stateTexts.reduce((said, [found, instead]) => said.replace(found, instead), text),
  }))
  if (!it.server.ok && it.server.failed.why === 'away')
    findings.push({ mood: 'bad', about: words.database, text: words.awayNow })
  if (state.spoolRecords > 0)
    findings.push({
      mood: 'warn',
      about: words.spool,
      text: words.spoolWaits(format.number(state.spoolRecords), format.seconds(Math.round(state.spoolOldest))),
    })
  if (state.setAside > 0)
    findings.push({ mood: 'warn', about: words.spool, text: words.setAside(format.number(state.setAside)) })
  if (state.diskFree < lowDiskBytes)
    findings.push({ mood: 'bad', about: words.disk, text: words.diskLow(format.bytes(state.diskFree)) })
  for (const { hour, kind, silent, expected } of it.silence.ok ? it.silence.value : []) {
    if (silent)
      findings.push({
        mood: 'bad',
        about: words.silence,
        text: words.wasSilent(
          kind === 'fee' ? words.cdrs : words.statusEvents,
          hoursText(view, hour),
          format.number(expected),
        ),
        href: '#silence',
      })
  }
  for (const { app_key, name, cdrs, events, finding } of it.subscriptions.ok ? it.subscriptions.value : []) {
    if (cdrs === 0 || events === 0)
      findings.push({
        mood: 'warn',
        about: name ?? app_key ?? words.unknownApp,
        text: half(finding, language) ?? '',
        href: '#silence',
      })
  }
  if (it.missing.ok && it.missing.value.total > 0)
    findings.push({
      mood: 'warn',
      about: words.missing,
      text: words.missingCdrs(format.number(it.missing.value.total)),
      href: '#missing',
    })
  if (it.openEntries !== undefined && it.openEntries > 0)
    findings.push({
      mood: 'warn',
      about: words.quarantine,
      text: words.inQuarantine(format.number(it.openEntries)),
      href: '/quarantine',
    })
  return findings
}
