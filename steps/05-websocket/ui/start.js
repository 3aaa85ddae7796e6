// A changing network drops what loads: then begin again.
import('./app.js').catch((error) => {
  console.warn(error);
  setTimeout(() => location.reload(), 1_000);
});
