// Preloaded into nodes that a test may kill: what Node compiled for them is kept for the next start,
// which otherwise only a process that ends by itself does. Where it is kept, NODE_COMPILE_CACHE says.
import { flushCompileCache } from 'node:module';

/** By then everything is loaded; what comes later is compiled again. */
const AFTER_MS = 1000;

setTimeout(flushCompileCache, AFTER_MS).unref();
