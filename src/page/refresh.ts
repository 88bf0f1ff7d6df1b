/**
 * The page's only script, served from our own origin: fetches the page again and puts its content in place of the old,
 * unless somebody is in the middle of something. Without it a reload does the same.
 */
export const refreshScript = `
const every = 30000
const isBusy = () => document.hidden || document.querySelector('main details[open], main :focus') || !getSelection().isCollapsed
setInterval(async () => {
  if (isBusy()) return
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } })
    if (!answer.ok) return
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
    if (isBusy()) return
    for (const part of ['main', 'header.top nav', '.foot']) {
      const [before, after] = [document.querySelector(part), fresh.querySelector(part)]
      if (before && after) before.replaceWith(after)
    }
  } catch {
    // The receiver is away: what is shown stays, with the time it is of.
  }
}, every)
`

export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0a66c2"/><path d="M3 11.5V9m3.3 2.5V6m3.4 5.5V8m3.3 3.5v-7" stroke="#fff" stroke-width="1.8" stroke-linecap="round"/></svg>`
