#pragma once
// Inside of the reader of pickles: the stack machine that goes through the operations of a file. Every offset is checked; nothing
// here calls itself, so that no nesting in a file can use up the stack.

#include <cellverdict/io/pickle_heap.h>

#include <limits>
#include <string_view>

namespace cellverdict {

class PickleMachine {
 public:
  PickleMachine(std::string_view bytes, const std::string& where, const PickleLimits& limits)
      : bytes_(bytes), heap_(where, bytes.size(), limits) {}
  Pickle run();

 private:
  using Nodes = std::vector<std::uint32_t>;

  [[noreturn]] void refuse(const std::string& what) const;

  std::string_view take(std::uint64_t n);
  std::string_view take_line();              // without its end
  std::uint64_t take_number(std::size_t n);  // of n bytes, little-endian

  void push(std::uint32_t node) { stack_.push_back(node); }
  std::uint32_t top() const;
  std::uint32_t pop();
  Nodes pop_to_mark();
  Nodes pop_many(std::size_t n);

  void remember(std::uint64_t place);
  void recall(std::uint64_t place);

  void push_text(std::string_view text);
  void push_string(std::string_view text);
  void push_bytes(std::string_view bytes);
  void push_long(std::string_view bytes);
  void push_written_integer(std::string_view line);
  void push_written_real(std::string_view line);
  void push_real();

  void put_into(PickleKind kind, const char* what, const Nodes& more, std::size_t multiple);
  void make(PickleKind kind, Nodes items, std::size_t multiple = 1);
  void call();
  void name_by_stack();
  void name_by_lines();

  void step(unsigned char code);
  void step_value(unsigned char code);
  void step_text(unsigned char code);
  void step_container(unsigned char code);
  void step_memo(unsigned char code);

  static constexpr std::uint32_t kNothing = std::numeric_limits<std::uint32_t>::max();
  std::string_view bytes_;
  std::size_t at_ = 0, operation_ = 0, n_kept_ = 0;
  PickleHeap heap_;
  Nodes stack_, memo_;
  std::vector<std::size_t> marks_;
};

}  // namespace cellverdict
