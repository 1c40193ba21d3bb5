// The operations of pickles, one after the other: see pickle_data.h.

#include <cellverdict/io/pickle_machine.h>

#include <cellverdict/base/run_context.h>
#include <cellverdict/io/pickle_text.h>
#include <cellverdict/io/utf8.h>

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <optional>

namespace cellverdict {

Pickle PickleMachine::run() {
  if (bytes_.empty()) heap_.refuse("an empty file", "a pickle of Python", "check the path");
  while (true) {
    const char code = take(1)[0];
    if (code == '.') break;
    operation_ = at_ - 1;
    step(static_cast<unsigned char>(code));
  }
  const std::uint32_t root = pop();
  if (!stack_.empty() || !marks_.empty()) refuse("values left over at its end");
  if (at_ != bytes_.size()) refuse(with_commas(static_cast<std::int64_t>(bytes_.size() - at_)) + " bytes after its end");
  return Pickle(heap_.take(root));
}

// A file that does not begin as pickles since protocol 2 do is more likely something else than a damaged one.
void PickleMachine::refuse(const std::string& what) const {
  if (!bytes_.starts_with('\x80'))
    heap_.refuse("something else (" + what + fmt::format(" at byte {})", operation_), "a pickle of Python", "check the path");
  heap_.refuse_damaged(what + fmt::format(" at byte {}", operation_));
}

std::string_view PickleMachine::take(std::uint64_t n) {
  if (n > bytes_.size() - at_)
    heap_.refuse(bytes_.starts_with('\x80')
                     ? "a pickle that ends after " + counted(static_cast<std::int64_t>(bytes_.size()), "byte") + ", in the middle"
                     : "something else",
                 bytes_.starts_with('\x80') ? "a whole one" : "a pickle of Python",
                 bytes_.starts_with('\x80') ? "copy or download it again" : "check the path");
  const std::string_view out = bytes_.substr(at_, n);
  at_ += n;
  return out;
}
std::string_view PickleMachine::take_line() {
  const std::size_t end = bytes_.find('\n', at_);
  if (end == std::string_view::npos) refuse("a line without an end");
  const std::string_view out = take(end - at_);
  ++at_;
  return out;
}
// Little-endian.
std::uint64_t PickleMachine::take_number(std::size_t n) {
  std::uint64_t out = 0;
  const std::string_view bytes = take(n);
  for (std::size_t i = n; i-- > 0;) out = out << 8 | static_cast<unsigned char>(bytes[i]);
  return out;
}

std::uint32_t PickleMachine::top() const {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) refuse("an operation without its values");
  return stack_.back();
}
std::uint32_t PickleMachine::pop() {
  const std::uint32_t out = top();
  stack_.pop_back();
  return out;
}
// All down to the last mark.
PickleMachine::Nodes PickleMachine::pop_to_mark() {
  if (marks_.empty()) refuse("an operation without its mark");
  Nodes out(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
  stack_.resize(marks_.back());
  marks_.pop_back();
  return out;
}
PickleMachine::Nodes PickleMachine::pop_many(std::size_t n) {
  Nodes out(n);
  while (n-- > 0) out[n] = pop();
  return out;
}

void PickleMachine::remember(std::uint64_t place) {
  if (place > bytes_.size()) refuse("a value kept under a number larger than the file");
  if (place >= memo_.size()) memo_.resize(place + 1, kNothing);
  if (memo_[place] == kNothing) ++n_kept_;
  memo_[place] = top();
}
void PickleMachine::recall(std::uint64_t place) {
  if (place >= memo_.size() || memo_[place] == kNothing) refuse("a reference to a value that was not kept");
  push(memo_[place]);
}

void PickleMachine::push_text(std::string_view text) {
  if (const auto place = first_foreign_byte(text)) refuse(foreign_text(text, *place));
  push(heap_.add_text(PickleKind::text, std::string(text)));
}
// A string of Python 2 is text where it can be, bytes otherwise.
void PickleMachine::push_string(std::string_view text) {
  push(heap_.add_text(first_foreign_byte(text) ? PickleKind::bytes : PickleKind::text, std::string(text)));
}
void PickleMachine::push_bytes(std::string_view bytes) {
  push(heap_.add_text(PickleKind::bytes, std::string(bytes)));
}

void PickleMachine::push_long(std::string_view bytes) {
  const bool negative = !bytes.empty() && static_cast<signed char>(bytes.back()) < 0;
  const char filling = negative ? '\xff' : '\0';
  std::uint64_t out = negative ? ~std::uint64_t{0} : 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    if (i >= sizeof(out) && bytes[i] != filling) refuse("a whole number of more than 64 bits");
    if (i < sizeof(out)) out = out << 8 | static_cast<unsigned char>(bytes[i]);
  }
  if (bytes.size() >= sizeof(out) && (static_cast<std::int64_t>(out) < 0) != negative)
    refuse("a whole number of more than 64 bits");
  push(heap_.add(PickleKind::integer, static_cast<std::int64_t>(out)));
}
void PickleMachine::push_written_integer(std::string_view line) {
  if (line == "00" || line == "01") return push(heap_.add(PickleKind::boolean, line == "01" ? 1 : 0));
  if (line.ends_with('L')) line.remove_suffix(1);
  std::int64_t out = 0;
  const auto [end, failure] = std::from_chars(line.data(), line.data() + line.size(), out);
  if (line.empty() || failure != std::errc{} || end != line.data() + line.size()) refuse("a number that is none");
  push(heap_.add(PickleKind::integer, out));
}
void PickleMachine::push_written_real(std::string_view line) {
  double out = 0;
  const auto [end, failure] = std::from_chars(line.data(), line.data() + line.size(), out);
  if (line.empty() || failure != std::errc{} || end != line.data() + line.size()) refuse("a number that is none");
  push(heap_.add_real(out));
}
void PickleMachine::push_real() {
  std::uint64_t bits = 0;  // big-endian
  for (const char byte : take(sizeof(bits))) bits = bits << 8 | static_cast<unsigned char>(byte);
  push(heap_.add_real(std::bit_cast<double>(bits)));
}

void PickleMachine::put_into(PickleKind kind, const char* what, const Nodes& more, std::size_t multiple) {
  const std::uint32_t target = top();
  if (!heap_.is(target, kind) || more.size() % multiple != 0) refuse(what);
  auto& items = heap_.items(target);
  items.insert(items.end(), more.begin(), more.end());
}
void PickleMachine::make(PickleKind kind, Nodes items, std::size_t multiple) {
  if (items.size() % multiple != 0) refuse("a dict with a key without a value");
  push(heap_.add_items(kind, std::move(items)));
}
void PickleMachine::call() {
  const Nodes both = pop_many(2);
  push(heap_.call(both[0], both[1]));
}
void PickleMachine::name_by_stack() {
  const Nodes both = pop_many(2);
  if (!heap_.is(both[0], PickleKind::text) || !heap_.is(both[1], PickleKind::text)) refuse("a name that is no text");
  push(heap_.add_function(heap_.text(both[0]), heap_.text(both[1])));
}
void PickleMachine::name_by_lines() {
  const std::string module(take_line());
  push(heap_.add_function(module, std::string(take_line())));
}

// The operations' names in Python's pickletools stand beside them.
void PickleMachine::step(unsigned char code) {
  switch (code) {
    case 0x80:  // PROTO
      if (const auto protocol = take_number(1); protocol > 5) refuse(fmt::format("protocol {}", protocol));
      return;
    case 0x95:  // FRAME
      if (take_number(8) > bytes_.size() - at_) take(std::numeric_limits<std::uint64_t>::max());
      return;
    case 'c':
      return name_by_lines();  // GLOBAL
    case 0x93:
      return name_by_stack();  // STACK_GLOBAL
    case 'R':
    case 0x81:
      return call();  // REDUCE, NEWOBJ
    case 'b': {       // BUILD
      const std::uint32_t state = pop();
      return heap_.build(top(), state);
    }
    case 'Q':
      return push(heap_.add_storage(pop()));  // BINPERSID
    case 'i': {                               // INST: a class by name, always refused
      const std::string module(take_line());
      heap_.add_function(module, std::string(take_line()));
      return refuse("an object of a class");
    }
    case 'o':
    case 0x92:
      return refuse("an object of a class");  // OBJ, NEWOBJ_EX
    case 0x82:
    case 0x83:
    case 0x84:
      return refuse("a class by a number of Python's registry");  // EXT1, EXT2, EXT4
    case 'P':
      return refuse("a reference to something outside of it");  // PERSID
    case 0x97:
    case 0x98:
      return refuse("a buffer outside of it");  // NEXT_BUFFER, READONLY_BUFFER
    default:
      return step_value(code);
  }
}

void PickleMachine::step_value(unsigned char code) {
  switch (code) {
    case 'N':
      return push(heap_.add(PickleKind::none));  // NONE
    case 0x88:
      return push(heap_.add(PickleKind::boolean, 1));  // NEWTRUE
    case 0x89:
      return push(heap_.add(PickleKind::boolean, 0));  // NEWFALSE
    case 'I':
    case 'L':
      return push_written_integer(take_line());  // INT, LONG
    case 'J':
      return push(heap_.add(PickleKind::integer, static_cast<std::int32_t>(take_number(4))));  // BININT
    case 'K':
      return push(heap_.add(PickleKind::integer, static_cast<std::int64_t>(take_number(1))));  // BININT1
    case 'M':
      return push(heap_.add(PickleKind::integer, static_cast<std::int64_t>(take_number(2))));  // BININT2
    case 0x8a:
      return push_long(take(take_number(1)));  // LONG1
    case 0x8b:
      return push_long(take(take_number(4)));  // LONG4
    case 'F':
      return push_written_real(take_line());  // FLOAT
    case 'G':
      return push_real();  // BINFLOAT
    default:
      return step_text(code);
  }
}

void PickleMachine::step_text(unsigned char code) {
  const auto written = [&](const std::optional<std::string>& text) {
    if (!text) refuse("a text that is not written as one");
    return *text;
  };
  switch (code) {
    case 'S':
      return push_string(written(unquote_pickle_string(take_line())));  // STRING
    case 'T':
      return push_string(take(take_number(4)));  // BINSTRING
    case 'U':
      return push_string(take(take_number(1)));  // SHORT_BINSTRING
    case 'V':
      return push_text(written(unescape_pickle_text(take_line())));  // UNICODE
    case 'X':
      return push_text(take(take_number(4)));  // BINUNICODE
    case 0x8c:
      return push_text(take(take_number(1)));  // SHORT_BINUNICODE
    case 0x8d:
      return push_text(take(take_number(8)));  // BINUNICODE8
    case 'B':
      return push_bytes(take(take_number(4)));  // BINBYTES
    case 'C':
      return push_bytes(take(take_number(1)));  // SHORT_BINBYTES
    case 0x8e:
    case 0x96:
      return push_bytes(take(take_number(8)));  // BINBYTES8, BYTEARRAY8
    default:
      return step_container(code);
  }
}

void PickleMachine::step_container(unsigned char code) {
  constexpr const char *kNoList = "items for something that is no list", *kNoDict = "items for something that is no dict",
                       *kNoSet = "items for something that is no set";
  switch (code) {
    case '(':
      return marks_.push_back(stack_.size());  // MARK
    case ')':
      return make(PickleKind::tuple, {});  // EMPTY_TUPLE
    case 0x85:
      return make(PickleKind::tuple, pop_many(1));  // TUPLE1
    case 0x86:
      return make(PickleKind::tuple, pop_many(2));  // TUPLE2
    case 0x87:
      return make(PickleKind::tuple, pop_many(3));  // TUPLE3
    case 't':
      return make(PickleKind::tuple, pop_to_mark());  // TUPLE
    case ']':
      return make(PickleKind::list, {});  // EMPTY_LIST
    case 'l':
      return make(PickleKind::list, pop_to_mark());  // LIST
    case '}':
      return make(PickleKind::dict, {});  // EMPTY_DICT
    case 'd':
      return make(PickleKind::dict, pop_to_mark(), 2);  // DICT
    case 0x8f:
      return make(PickleKind::set, {});  // EMPTY_SET
    case 0x91:
      return make(PickleKind::set, pop_to_mark());  // FROZENSET
    case 'a': {
      const Nodes one = pop_many(1);
      return put_into(PickleKind::list, kNoList, one, 1);
    }  // APPEND
    case 'e': {
      const Nodes all = pop_to_mark();
      return put_into(PickleKind::list, kNoList, all, 1);
    }  // APPENDS
    case 's': {
      const Nodes both = pop_many(2);
      return put_into(PickleKind::dict, kNoDict, both, 2);
    }  // SETITEM
    case 'u': {
      const Nodes all = pop_to_mark();
      return put_into(PickleKind::dict, kNoDict, all, 2);
    }  // SETITEMS
    case 0x90: {
      const Nodes all = pop_to_mark();
      return put_into(PickleKind::set, kNoSet, all, 1);
    }  // ADDITEMS
    default:
      return step_memo(code);
  }
}

void PickleMachine::step_memo(unsigned char code) {
  const auto number = [&] {
    const auto out = pickle_digits(take_line(), 10);
    if (!out) refuse("a number that is none");
    return *out;
  };
  switch (code) {
    case 0x94:
      return remember(n_kept_);  // MEMOIZE
    case 'p':
      return remember(number());  // PUT
    case 'q':
      return remember(take_number(1));  // BINPUT
    case 'r':
      return remember(take_number(4));  // LONG_BINPUT
    case 'g':
      return recall(number());  // GET
    case 'h':
      return recall(take_number(1));  // BINGET
    case 'j':
      return recall(take_number(4));  // LONG_BINGET
    case '2':
      return push(top());  // DUP
    case '1':
      pop_to_mark();
      return;  // POP_MARK
    case '0':  // POP: a value, or the mark that lies on it
      if (!marks_.empty() && marks_.back() == stack_.size()) {
        marks_.pop_back();
      } else {
        pop();
      }
      return;
    default:
      refuse(fmt::format("no operation of pickles (0x{:02X})", code));
  }
}

}  // namespace cellverdict
