// Opponent and judge: Vectorscan (https://github.com/VectorCamp/vectorscan), block mode over the whole file.
//   vectorscan PATTERNS CORPUS [--ignore-case]
// Prints the JSON line of bench/scan.mjs. One scratch, one thread; a pair is counted once per line.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>
#include <hs/hs.h>

using Clock = std::chrono::steady_clock;
static double since(Clock::time_point from) { return std::chrono::duration<double>(Clock::now() - from).count(); }

struct Count {
  const char *text;
  uint64_t size;
  uint64_t line_from = 0, line_to = 0;
  bool any = false;
  std::vector<uint64_t> seen;  // per pattern: start of the line it was last counted on, plus one
  uint64_t lines = 0, pairs = 0, hash = 0, last_line = UINT64_MAX;
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
  if (c.seen[id] == c.line_from + 1) return 0;
  c.seen[id] = c.line_from + 1;
  c.pairs++;
  if (c.last_line != c.line_from) { c.last_line = c.line_from; c.lines++; }
  c.hash = (c.hash + (c.line_from % 1000000007ULL * 1000003ULL % 1000000007ULL + id) % 1000000007ULL) % 1000000007ULL;
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
  auto start = Clock::now();
  FILE *in = fopen(argv[2], "rb");
  fseek(in, 0, SEEK_END);
  std::string text(ftell(in), '\0');
  rewind(in);
  if (fread(&text[0], 1, text.size(), in) != text.size()) return 1;
  // Reading is part of the job, allocating one's memory is not: the clock starts again after a warm read.
  start = Clock::now();
  rewind(in);
  if (fread(&text[0], 1, text.size(), in) != text.size()) return 1;
  Count count{text.data(), text.size()};
  count.seen.assign(patterns.size(), 0);
  // Whole lines, of at most 1 MiB together: what is in the cache is scanned.
  for (uint64_t from = 0; from < text.size();) {
    uint64_t to = std::min<uint64_t>(text.size(), from + (1 << 20));
    if (to < text.size()) {
      const void *newline = memrchr(text.data() + from, '\n', to - from);
      const void *next = newline ? nullptr : memchr(text.data() + to, '\n', text.size() - to);
      to = newline ? static_cast<const char *>(newline) - text.data() + 1 : next ? static_cast<const char *>(next) - text.data() + 1 : text.size();
    }
    struct Shifted { Count *count; uint64_t from; } shifted{&count, from};
    hs_scan(db, text.data() + from, to - from, 0, scratch,
            [](unsigned id, unsigned long long a, unsigned long long b, unsigned f, void *context) {
              auto *s = static_cast<Shifted *>(context);
              return on_match(id, a + s->from, b + s->from, f, s->count);
            }, &shifted);
    from = to;
  }
  double seconds = since(start);
  printf("{\"patterns\":%zu,\"bytes\":%zu,\"lines\":%llu,\"pairs\":%llu,\"hash\":%llu,\"seconds\":%.4f,\"mb_per_s\":%.1f,\"compile_seconds\":%.3f}\n",
         patterns.size(), text.size(), (unsigned long long)count.lines, (unsigned long long)count.pairs,
         (unsigned long long)count.hash, seconds, text.size() / 1e6 / seconds, compile);
  return 0;
}
