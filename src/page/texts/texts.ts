import { en } from './en.ts'
import { zh } from './zh.ts'

/**
 * The page's texts by language. What the platform, the receiver or the database say themselves stays as it is, but for
 * the few texts of the receiver's state.
 */
export type Texts = typeof en

export type Language = 'en' | 'zh-CN'

/** Names of what has a code. */
export type Dictionary = Readonly<Record<string, string>>

export const texts: Readonly<Record<Language, Texts>> = { en, 'zh-CN': zh }

/** The name of a thing that came from outside; as it came, where there is none. */
export function named(dictionary: Dictionary, key: string): string {
  return Object.hasOwn(dictionary, key) ? (dictionary[key] ?? key) : key
}

/** Chinese for those who like it better than English; else English, for those who ask for neither too. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const weights = { zh: 0, en: 0 }
  for (const part of (acceptLanguage ?? '').split(',')) {
    const [, tag = '', weight = '1'] = /^\s*([a-z]{2})\b[^;]*(?:;\s*q=([0-9.]+))?/i.exec(part) ?? []
    const language = tag.toLowerCase()
    if (language === 'zh' || language === 'en') weights[language] = Math.max(weights[language], Number(weight) || 0)
  }
  return weights.zh > weights.en ? 'zh-CN' : 'en'
}
