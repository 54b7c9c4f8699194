// Opponent and judge: RE2::Set (https://github.com/google/re2), line by line.
//   re2set PATTERNS CORPUS [--ignore-case] [--bytes N]
// Prints the JSON line of bench/scan.mjs. --bytes: only the first N bytes (rounded to a line), for large sets.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>
#include <re2/re2.h>
#include <re2/set.h>

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  bool fold = false;
  uint64_t limit = UINT64_MAX;
  for (int i = 3; i < argc; i++) {
    if (!strcmp(argv[i], "--ignore-case")) fold = true;
    if (!strcmp(argv[i], "--bytes") && i + 1 < argc) limit = strtoull(argv[i + 1], nullptr, 10);
  }
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_case_sensitive(!fold);
  options.set_max_mem(1LL << 30);
  options.set_log_errors(false);
  auto now = [] { return std::chrono::steady_clock::now(); };
  auto began = now();
  RE2::Set set(options, RE2::UNANCHORED);
  std::ifstream file(argv[1]);
  size_t patterns = 0;
  for (std::string line; std::getline(file, line); patterns++) {
    std::string error;
    if (set.Add(line, &error) < 0) { fprintf(stderr, "pattern %zu: %s\n", patterns, error.c_str()); return 1; }
  }
  if (!set.Compile()) return 1;
  double compile = std::chrono::duration<double>(now() - began).count();
  FILE *in = fopen(argv[2], "rb");
  fseek(in, 0, SEEK_END);
  std::string text(ftell(in), '\0');
  rewind(in);
  if (fread(&text[0], 1, text.size(), in) != text.size()) return 1;
  if (text.size() > limit) text.resize(text.rfind('\n', limit) + 1);
  auto start = now();
  rewind(in);
  if (fread(&text[0], 1, text.size(), in) != text.size()) return 1;
  uint64_t lines = 0, pairs = 0, hash = 0;
  std::vector<int> matched;
  for (uint64_t from = 0; from < text.size();) {
    const void *newline = memchr(text.data() + from, '\n', text.size() - from);
    uint64_t to = newline ? static_cast<const char *>(newline) - text.data() : text.size();
    matched.clear();
    if (set.Match(re2::StringPiece(text.data() + from, to - from), &matched)) {
      lines++;
      for (int id : matched) {
        pairs++;
        hash = (hash + (from % 1000000007ULL * 1000003ULL % 1000000007ULL + id) % 1000000007ULL) % 1000000007ULL;
      }
    }
    from = to + 1;
  }
  double seconds = std::chrono::duration<double>(now() - start).count();
  printf("{\"patterns\":%zu,\"bytes\":%zu,\"lines\":%llu,\"pairs\":%llu,\"hash\":%llu,\"seconds\":%.4f,\"mb_per_s\":%.1f,\"compile_seconds\":%.3f}\n",
         patterns, text.size(), (unsigned long long)lines, (unsigned long long)pairs, (unsigned long long)hash, seconds,
         text.size() / 1e6 / seconds, compile);
  return 0;
}
