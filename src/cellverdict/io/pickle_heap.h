#pragma once
// Inside of the reader of pickles: what a pickle has built, and the few calls it may ask for.

#include <cellverdict/io/pickle_data.h>

#include <string>
#include <vector>

namespace cellverdict {

struct PickleNode {
  PickleKind kind = PickleKind::none;
  union {
    std::int64_t integer = 0;  // boolean, integer
    double real;
    std::size_t place;  // text, bytes, function, dtype: in texts; list … tensor: in children
  };
};

struct PickleContents {
  std::vector<PickleNode> nodes;
  std::vector<std::string> texts;
  std::vector<std::vector<std::uint32_t>> children;
  std::uint32_t root = 0;
};

// The values of a pickle while it is read. Every growth is counted: a few bytes of a file may ask for a copy of much.
class PickleHeap {
 public:
  PickleHeap(std::string where, std::size_t n_bytes, const PickleLimits& limits);

  [[noreturn]] void refuse(std::string found, std::string expected, std::string advice) const;
  [[noreturn]] void refuse_damaged(const std::string& what) const;

  std::uint32_t add(PickleKind kind, std::int64_t integer = 0);
  std::uint32_t add_real(double real);
  std::uint32_t add_text(PickleKind kind, std::string text);
  std::uint32_t add_items(PickleKind kind, std::vector<std::uint32_t> items);
  std::uint32_t add_function(const std::string& module, const std::string& name);  // refuses what is not on the list
  std::uint32_t add_storage(std::uint32_t persistent_id);

  // REDUCE: what calling `function` with the tuple `arguments` gives.
  std::uint32_t call(std::uint32_t function, std::uint32_t arguments);
  // BUILD: gives `target` its state.
  void build(std::uint32_t target, std::uint32_t state);

  bool is(std::uint32_t node, PickleKind kind) const { return contents_->nodes[node].kind == kind; }
  const std::string& text(std::uint32_t node) const { return contents_->texts[contents_->nodes[node].place]; }
  std::vector<std::uint32_t>& items(std::uint32_t node) { return contents_->children[contents_->nodes[node].place]; }
  std::shared_ptr<const PickleContents> take(std::uint32_t root);

 private:
  void charge_values(std::size_t n);
  void charge_text(std::size_t n);
  std::uint32_t call_scalar(const std::vector<std::uint32_t>& arguments);
  std::uint32_t call_dtype(const std::vector<std::uint32_t>& arguments);
  std::uint32_t call_ordered_dict(const std::vector<std::uint32_t>& arguments);
  std::uint32_t call_set(const std::vector<std::uint32_t>& arguments);
  std::uint32_t call_encode(const std::vector<std::uint32_t>& arguments);

  std::string where_;
  std::int64_t most_values_, n_values_ = 0;
  std::size_t most_text_, n_text_ = 0;
  std::shared_ptr<PickleContents> contents_ = std::make_shared<PickleContents>();
};

}  // namespace cellverdict
