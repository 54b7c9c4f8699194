// Opponent and judge: Vectorscan (https://github.com/VectorCamp/vectorscan), block mode over the whole file.
//   vectorscan PATTERNS CORPUS [--ignore-case]
// Prints the JSON line of bench/scan.mjs. One scratch, one thread; a pair is counted once per line.
#include <algorithm>
#include <chrono>
#include <ctime>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>
#include <fcntl.h>
#include <unistd.h>
#include <hs/hs.h>

using Clock = std::chrono::steady_clock;
static double since(Clock::time_point from) { return std::chrono::duration<double>(Clock::now() - from).count(); }

struct Count {
  const char *text = nullptr;
  uint64_t size = 0;
  uint64_t offset = 0;           // of the text in the file
  uint64_t line_from = 0, line_to = 0;
  bool any = false;
  std::vector<uint64_t> seen;  // per pattern: start of the line it was last noted on, plus one
  // Pairs of this chunk. Matches do not come line by line, so a pair may be noted twice.
  std::vector<std::pair<uint64_t, unsigned>> noted;
  uint64_t lines = 0, pairs = 0, hash = 0;

  void add_up() {
    std::sort(noted.begin(), noted.end());
    noted.erase(std::unique(noted.begin(), noted.end()), noted.end());
    uint64_t last = UINT64_MAX;
    for (auto &[line, id] : noted) {
      pairs++;
      if (line != last) lines++;
      last = line;
      hash = (hash + (line % 1000000007ULL * 1000003ULL % 1000000007ULL + id) % 1000000007ULL) % 1000000007ULL;
    }
    noted.clear();
  }
};

static int on_match(unsigned id, unsigned long long, unsigned long long to, unsigned, void *context) {
  Count &c = *static_cast<Count *>(context);
  uint64_t at = to > 0 ? to - 1 : 0;
  if (!c.any || at >= c.line_to) {
    const void *before = memrchr(c.text, '\n', at);
    c.line_from = before ? static_cast<const char *>(before) - c.text + 1 : 0;
    const void *after = memchr(c.text + at, '\n', c.size - at);
    c.line_to = after ? static_cast<const char *>(after) - c.text : c.size;
    c.any = true;
  } else if (at < c.line_from) {
    const void *before = memrchr(c.text, '\n', at);
    c.line_from = before ? static_cast<const char *>(before) - c.text + 1 : 0;
    const void *after = memchr(c.text + at, '\n', c.size - at);
    c.line_to = after ? static_cast<const char *>(after) - c.text : c.size;
  }
  uint64_t line = c.offset + c.line_from;
  if (c.seen[id] == line + 1) return 0;
  c.seen[id] = line + 1;
  c.noted.emplace_back(line, id);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  bool fold = argc > 3 && !strcmp(argv[3], "--ignore-case");
  std::vector<std::string> patterns;
  std::ifstream file(argv[1]);
  for (std::string line; std::getline(file, line);) patterns.push_back(line);
  std::vector<const char *> sources;
  std::vector<unsigned> flags, ids;
  for (size_t i = 0; i < patterns.size(); i++) {
    sources.push_back(patterns[i].c_str());
    // No SINGLEMATCH: it is per scan, and a pattern may match on many lines.
    flags.push_back(HS_FLAG_MULTILINE | (fold ? HS_FLAG_CASELESS : 0));
    ids.push_back(i);
  }
  auto began = Clock::now();
  hs_database_t *db = nullptr;
  hs_compile_error_t *error = nullptr;
  if (hs_compile_multi(sources.data(), flags.data(), ids.data(), sources.size(), HS_MODE_BLOCK, nullptr, &db, &error) != HS_SUCCESS) {
    fprintf(stderr, "pattern %d: %s\n", error->expression, error->message);
    return 1;
  }
  hs_scratch_t *scratch = nullptr;
  hs_alloc_scratch(db, &scratch);
  double compile = since(began);
  // As bench/scan.mjs reads: chunks of 1 MiB that stay in the cache, the unfinished line carried over.
  auto start = Clock::now();
  clock_t cpu = clock();
  int in = open(argv[2], O_RDONLY);
  const size_t chunk = 1 << 20;
  std::vector<char> buffer(2 * chunk);
  size_t held = 0;
  uint64_t offset = 0;
  Count count{};
  count.seen.assign(patterns.size(), 0);
  for (bool open_end = true; open_end;) {
    if (buffer.size() < held + chunk) buffer.resize(held + 2 * chunk);
    ssize_t got = read(in, buffer.data() + held, chunk);
    if (got < 0) return 1;
    held += got;
    open_end = got > 0;
    size_t whole = held;
    if (open_end) {
      const void *newline = memrchr(buffer.data(), '\n', held);
      whole = newline ? static_cast<const char *>(newline) - buffer.data() + 1 : 0;
    }
    if (whole == 0) continue;
    count.text = buffer.data();
    count.size = whole;
    count.offset = offset;
    count.any = false;
    hs_scan(db, buffer.data(), whole, 0, scratch, on_match, &count);
    count.add_up();
    memmove(buffer.data(), buffer.data() + whole, held - whole);
    held -= whole;
    offset += whole;
  }
  double seconds = since(start);
  double cpu_seconds = double(clock() - cpu) / CLOCKS_PER_SEC;
  printf("{\"patterns\":%zu,\"bytes\":%zu,\"lines\":%llu,\"pairs\":%llu,\"hash\":%llu,\"seconds\":%.4f,\"mb_per_s\":%.1f,\"compile_seconds\":%.3f,\"cpu_seconds\":%.4f}\n",
         patterns.size(), (size_t)offset, (unsigned long long)count.lines, (unsigned long long)count.pairs,
         (unsigned long long)count.hash, seconds, offset / 1e6 / seconds, compile, cpu_seconds);
  return 0;
}
