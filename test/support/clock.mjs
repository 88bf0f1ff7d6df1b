// Loaded ahead of the receiver with `node --import`: its wall clock runs by so many milliseconds beside the real one as
// the file named by CLOCK_OFFSET_FILE says at the moment. Timers and the monotonic clock are left alone, as they are
// when a machine's clock is set.
import { readFileSync } from 'node:fs'

const file = process.env.CLOCK_OFFSET_FILE
const RealDate = Date
let offset = 0

function read() {
  try {
    offset = Number(readFileSync(file, 'utf8')) || 0
  } catch {
    offset = 0
  }
}

read()
setInterval(read, 20).unref()

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + offset)
    else super(...parts)
  }

  static now() {
    return RealDate.now() + offset
  }
}
