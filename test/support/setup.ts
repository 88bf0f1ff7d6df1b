import { cleanUpAtEndOfFile } from './end-of-file.ts'
import { forgetTold } from './leaks.ts'

/*
 * Runs before each test file. A worker loads a module once for all of its files, so what a module of test/support has
 * opened for one of them it names to atEndOfFile: an afterAll of its own would be heard by the first file alone.
 */
cleanUpAtEndOfFile()
forgetTold()
