import { half, type Mood, type View } from '../layout.ts'
import { hoursText } from './lists.ts'
import type { Overview } from './overview.ts'

/** Something that somebody should look at, or that nobody can say just now. */
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
/** Seconds that calls may be behind callbacks before it is worth a word. */
const lagSeconds = 60

/** Everything that is wrong, soon will be, or is not known. */
export function attention(view: View, it: Overview): Finding[] {
  return [...ofReceiver(view, it), ...ofCallbacks(view, it), ...ofCalls(view, it), ...notKnown(view, it)]
}

function ofReceiver({ texts, format }: View, { state }: Overview): Finding[] {
  const findings: Finding[] = state.degraded.map((text) => ({
    mood: state.ready ? 'warn' : 'bad',
    about: texts.receiver,
    text: texts.stateTexts.reduce((said, [found, instead]) => said.replace(found, instead), text),
  }))
  if (state.spoolRecords > 0)
    findings.push({
      mood: 'warn',
      about: texts.spool,
      text: texts.spoolWaits(format.number(state.spoolRecords), format.duration(Math.round(state.spoolOldest))),
    })
  if (state.setAside > 0)
    findings.push({ mood: 'warn', about: texts.spool, text: texts.setAside(format.number(state.setAside)) })
  if (state.diskFree < lowDiskBytes)
    findings.push({ mood: 'bad', about: texts.disk, text: texts.diskLow(format.bytes(state.diskFree)) })
  return findings
}

function ofCallbacks(view: View, { silence, subscriptions }: Overview): Finding[] {
  const { texts, format, language } = view
  const silent = (silence.ok ? silence.value : []).filter((row) => row.silent)
  const incomplete = (subscriptions.ok ? subscriptions.value : []).filter((row) => row.needs_attention)
  return [
    ...silent.map(({ hour, kind, expected }): Finding => {
      const name = kind === 'fee' ? texts.cdrs : texts.statusEvents
      const text = texts.wasSilent(name, hoursText(view, hour), format.number(expected))
      return { mood: 'bad', about: texts.silence, text, href: '#silence' }
    }),
    ...incomplete.map(({ app_key, name, finding }): Finding => {
      return {
        mood: 'warn',
        about: name ?? app_key ?? texts.unknownApp,
        text: half(finding, language) ?? '',
        href: '#silence',
      }
    }),
  ]
}

function ofCalls({ texts, format }: View, { freshness, missing, openEntries }: Overview): Finding[] {
  const findings: Finding[] = []
  const { lag_seconds = 0, waiting_sessions = 0, failed_sessions = 0 } = (freshness.ok && freshness.value) || {}
  if (lag_seconds > lagSeconds)
    findings.push({
      mood: 'warn',
      about: texts.calls,
      text: texts.callsLag(format.duration(lag_seconds), format.number(waiting_sessions)),
      href: '#state',
    })
  if (failed_sessions > 0)
    findings.push({ mood: 'warn', about: texts.calls, text: texts.foldFailed(format.number(failed_sessions)) })
  if (missing.ok && missing.value.total > 0)
    findings.push({
      mood: 'warn',
      about: texts.missing,
      text: texts.missingCdrs(format.number(missing.value.total)),
      href: '#missing',
    })
  if (openEntries.ok && openEntries.value > 0)
    findings.push({
      mood: 'warn',
      about: texts.quarantine,
      text: texts.inQuarantine(format.number(openEntries.value)),
      href: '/quarantine',
    })
  return findings
}

/** What was asked and did not answer, and a receiver that has seen nothing yet. */
function notKnown({ texts }: View, it: Overview): Finding[] {
  const { server, freshness, silence, subscriptions, missing, openEntries, state } = it
  if (!server.ok && server.failed.why === 'away')
    return [{ mood: 'unknown', about: texts.database, text: texts.awayNow }]
  const asked = [
    [texts.database, server],
    [texts.calls, freshness],
    [texts.silence, silence],
    [texts.subscriptions, subscriptions],
    [texts.missing, missing],
    [texts.quarantine, openEntries],
  ] as const
  const unanswered = asked.filter(([, answer]) => !answer.ok).map(([name]) => name)
  if (unanswered.length > 0)
    return [{ mood: 'unknown', about: texts.database, text: texts.unanswered(unanswered.join(', ')) }]
  const isNew = freshness.ok && !freshness.value?.newest_fact_at && !freshness.value?.newest_folded_at
  const hasSeen = state.lastStatus !== undefined || state.lastFee !== undefined
  return isNew && !hasSeen ? [{ mood: 'unknown', about: texts.recordsPlot, text: texts.nothingYet }] : []
}
