#include <cellverdict/io/geo_values.h>

#include <cellverdict/base/error.h>
#include <cellverdict/base/parallel.h>
#include <cellverdict/base/run_context.h>
#include <cellverdict/io/geo_study.h>
#include <cellverdict/io/utf8.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace cellverdict {

namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
constexpr std::int64_t kPanel = 1024;          // probes: a piece of the matrix that is let go once it is in its place
constexpr std::int64_t kStride = kPanel + 16;  // not a power of two: rows would meet in the same lines of the cache
constexpr std::int64_t kTogether = 16;         // probes written together: a line of the cache a sample

constexpr std::array<double, 23> kPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                            1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

bool is_digit(char c) {
  return static_cast<unsigned char>(c - '0') < 10;
}

// As exact words: what stands for no value. A lone "-" or "." is none.
bool is_missing_word(std::string_view text) {
  if (text.size() > 4) return false;
  std::string word(text);
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return word.empty() || word == "na" || word == "n/a" || word == "nan" || word == "null" || word == "none";
}

// Anything but plain digits and a point: quotes, exponents, spaces, what stands for no value.
const char* read_odd_value(const char* begin, const char* end, float& value) {
  const auto* stop = static_cast<const char*>(std::memchr(begin, '\t', static_cast<std::size_t>(end - begin)));
  if (stop == nullptr) stop = end;
  std::string_view text = geo_text({begin, static_cast<std::size_t>(stop - begin)});
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [after, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc() && after == text.data() + text.size() && std::isfinite(static_cast<float>(number))) {
    value = static_cast<float>(number);
    return stop;
  }
  // A subnormal double is zero in a float.
  if (failure == std::errc::result_out_of_range && after == text.data() + text.size() &&
      text.find("e-") != std::string_view::npos) {
    value = 0;
    return stop;
  }
  if (!is_missing_word(text)) return nullptr;
  value = kMissing;
  return stop;
}

}  // namespace

const char* read_value(const char* begin, const char* end, float& value) {
  const char* p = begin;
  if (p == end || *p == '\t') {
    value = kMissing;
    return p;
  }
  const bool negative = *p == '-';
  p += negative ? 1 : 0;
  std::uint64_t digits = 0;
  const char* const first = p;
  for (; p != end && is_digit(*p); ++p) digits = digits * 10 + static_cast<std::uint64_t>(*p - '0');
  std::ptrdiff_t n_digits = p - first, n_behind = 0;
  if (p != end && *p == '.') {
    const char* const point = ++p;
    for (; p != end && is_digit(*p); ++p) digits = digits * 10 + static_cast<std::uint64_t>(*p - '0');
    n_behind = p - point;
    n_digits += n_behind;
  }
  // Exact in a double, and the power of ten too: their quotient is the nearest double.
  if ((p == end || *p == '\t') && n_digits > 0 && n_digits <= 18 && digits <= (std::uint64_t{1} << 53)) {
    const double number = static_cast<double>(digits) / kPowers[static_cast<std::size_t>(n_behind)];
    value = static_cast<float>(negative ? -number : number);
    return p;
  }
  return read_odd_value(begin, end, value);
}

struct ProbeTableParser::State {
  State(std::string shown, std::int64_t samples, int n_threads) : file(std::move(shown)), n_samples(samples), threads(n_threads) {}

  struct Line {
    std::int64_t number;
    std::string_view text;
  };

  std::string file;
  std::int64_t n_samples;
  int threads;
  Names probes;
  std::vector<std::unique_ptr<float[]>> panels;  // [n_samples, kStride]
  std::atomic<std::int64_t> n_missing = 0;
  std::vector<Line> lines;
  std::vector<std::string_view> names;

  [[noreturn]] void refuse(std::int64_t line, std::string found, std::string expected, std::string advice = {}) const {
    throw InputError({file + " line " + std::to_string(line), std::move(found), std::move(expected), std::move(advice)});
  }

  void cut(std::string_view text, std::int64_t number) {
    lines.clear();
    for (; !text.empty(); ++number) {
      const auto* stop = static_cast<const char*>(std::memchr(text.data(), '\n', text.size()));
      const std::size_t length = stop != nullptr ? static_cast<std::size_t>(stop - text.data()) : text.size();
      std::string_view line = text.substr(0, length);
      text.remove_prefix(stop != nullptr ? length + 1 : length);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty()) lines.push_back({number, line});
    }
  }

  // Values of one line, one after the other; gives its name.
  std::string_view parse_line(const Line& line, float* out, std::int64_t& missing) const {
    const char* const end = line.text.data() + line.text.size();
    const char* p = line.text.data();
    const auto* tab = static_cast<const char*>(std::memchr(p, '\t', line.text.size()));
    if (tab == nullptr) refuse_fields(line, 0);
    const std::string_view name = geo_text({p, static_cast<std::size_t>(tab - p)});
    if (name.empty()) refuse(line.number, "a line without the name of a probe", "its name first");
    p = tab;
    for (std::int64_t i = 0; i < n_samples; ++i) {
      if (p == end) refuse_fields(line, i);
      const char* const after = read_value(p + 1, end, out[i]);
      if (after == nullptr) refuse_value(line, i, p + 1);
      missing += std::isnan(out[i]) ? 1 : 0;
      p = after;
    }
    if (p != end && geo_text({p, static_cast<std::size_t>(end - p)}) != "\t") refuse_fields(line, n_samples + 1);
    return name;
  }

  [[noreturn]] void refuse_fields(const Line& line, std::int64_t n_values) const {
    const auto n_fields = std::count(line.text.begin(), line.text.end(), '\t');
    refuse(line.number, counted(std::max(n_values, static_cast<std::int64_t>(n_fields)), "value"),
           std::to_string(n_samples) + ", one a sample", "the file may be truncated: download it again");
  }

  [[noreturn]] void refuse_value(const Line& line, std::int64_t sample, const char* at) const {
    std::string_view text(at, static_cast<std::size_t>(line.text.data() + line.text.size() - at));
    text = text.substr(0, text.find('\t'));
    refuse(line.number, "'" + std::string(text.substr(0, 40)) + "' in column " + std::to_string(sample + 2), "a number",
           "values that are not there are empty, NA or null");
  }

  // Lines [begin, end) of the batch, of which the first is probe `probe`.
  void parse_lines(std::int64_t begin, std::int64_t end, std::int64_t first_probe) {
    std::vector<float> tile(static_cast<std::size_t>(kTogether * n_samples));
    std::int64_t missing = 0;
    for (std::int64_t i = begin; i < end;) {
      const std::int64_t probe = first_probe + i;
      const std::int64_t n = std::min({end - i, kTogether - probe % kTogether, kPanel - probe % kPanel});
      for (std::int64_t k = 0; k < n; ++k) names[i + k] = parse_line(lines[i + k], tile.data() + k * n_samples, missing);
      float* out = panels[static_cast<std::size_t>(probe / kPanel)].get() + probe % kPanel;
      for (std::int64_t s = 0; s < n_samples; ++s, out += kStride)
        for (std::int64_t k = 0; k < n; ++k) out[k] = tile[k * n_samples + s];
      i += n;
    }
    n_missing += missing;
  }
};

ProbeTableParser::ProbeTableParser(std::string file, std::int64_t n_samples, int threads)
    : state_(std::make_unique<State>(std::move(file), n_samples, threads)) {}
ProbeTableParser::~ProbeTableParser() = default;

std::int64_t ProbeTableParser::n_probes() const {
  return static_cast<std::int64_t>(state_->probes.size());
}

void ProbeTableParser::parse(std::string_view text, std::int64_t first_line) {
  State& state = *state_;
  state.cut(text, first_line);
  const auto n = std::ssize(state.lines);
  const std::int64_t first = n_probes();
  if (first + n > std::numeric_limits<std::int32_t>::max())
    state.refuse(first_line, "more than 2 billion probes", "a table of measurements");
  while (std::ssize(state.panels) * kPanel < first + n)
    state.panels.push_back(std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(state.n_samples * kStride)));
  state.names.resize(static_cast<std::size_t>(n));
  constexpr std::size_t kWorthThreads = std::size_t{1} << 16;
  const int threads = text.size() < kWorthThreads ? 1 : state.threads;
  // Whole tiles for each thread, so that none but the first and last is cut.
  const std::int64_t tiles = (n + kTogether - 1) / kTogether;
  parallel_for(tiles, threads, [&](std::int64_t begin, std::int64_t end) {
    state.parse_lines(begin * kTogether, std::min(n, end * kTogether), first);
  });
  for (std::int64_t i = 0; i < n; ++i) {
    if (const auto place = first_foreign_byte(state.names[i]))
      state.refuse(state.lines[i].number, foreign_text(state.names[i], *place), "UTF-8", "save the file as UTF-8");
    state.probes.push_back(state.names[i]);
  }
}

Names ProbeTableParser::take_probes() {
  return std::exchange(state_->probes, {});
}

ProbeMatrix ProbeTableParser::take_matrix() {
  State& state = *state_;
  ProbeMatrix matrix{.n_samples = state.n_samples, .n_probes = n_probes(), .values = nullptr, .n_missing = state.n_missing};
  // Memory that nobody has touched is none: the panels go as their pages of the matrix come.
  matrix.values = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(matrix.n_samples * matrix.n_probes));
  for (std::size_t p = 0; p < state.panels.size(); ++p) {
    const std::int64_t begin = static_cast<std::int64_t>(p) * kPanel, count = std::min(kPanel, matrix.n_probes - begin);
    if (count <= 0) break;
    for (std::int64_t s = 0; s < matrix.n_samples; ++s)
      std::memcpy(matrix.row(s).data() + begin, state.panels[p].get() + s * kStride,
                  static_cast<std::size_t>(count) * sizeof(float));
    state.panels[p].reset();
  }
  state.panels.clear();
  return matrix;
}

}  // namespace cellverdict
