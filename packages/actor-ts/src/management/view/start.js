// Begins the page. A browser drops what is under way when a network interface comes or goes, and
// without one of its files the page would stay empty: then it is loaded again.
const againMs = 1000;

import('./app.js').catch((error) => {
  console.warn('loading the page again:', error);
  setTimeout(() => location.reload(), againMs);
});
