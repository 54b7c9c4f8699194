// Preloaded into measured processes: writes what they used, from start to end, as JSON to file descriptor 3.
const { writeSync } = require('node:fs');
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  const { maxRSS } = process.resourceUsage();
  writeSync(3, JSON.stringify({ cpu_ms: (user + system) / 1000, max_rss_mb: maxRSS / 1024 }));
});
