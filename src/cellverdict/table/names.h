#pragma once
// Many short texts (barcodes of cells, ids of genes) in one piece of memory: a name costs its bytes and eight more, where a
// std::string costs thirty-two and its heap. Ten million barcodes fit in 260 MB.

#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace cellverdict {

class Names {
 public:
  Names() = default;
  Names(const std::vector<std::string>& texts) { append_all(texts); }          // NOLINT: as good as the names themselves
  Names(std::initializer_list<std::string_view> texts) { append_all(texts); }  // NOLINT: the same

  std::size_t size() const { return ends_.size() - 1; }
  bool empty() const { return size() == 0; }
  // Holds until the next change.
  std::string_view operator[](std::int64_t i) const {
    return std::string_view(text_).substr(static_cast<std::size_t>(ends_[i]), static_cast<std::size_t>(ends_[i + 1] - ends_[i]));
  }
  std::string text(std::int64_t i) const { return std::string((*this)[i]); }
  std::vector<std::string> texts() const;

  void push_back(std::string_view name) {
    text_ += name;
    ends_.push_back(static_cast<std::int64_t>(text_.size()));
  }
  void append(const Names& below);
  void reserve(std::size_t n_names, std::size_t n_bytes);
  void clear();

  bool operator==(const Names&) const = default;

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;  // NOLINT(readability-identifier-naming): the library's name
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = std::string_view;
    Iterator() = default;
    Iterator(const Names* names, std::int64_t place) : names_(names), place_(place) {}
    std::string_view operator*() const { return (*names_)[place_]; }
    Iterator& operator++() {
      ++place_;
      return *this;
    }
    Iterator operator++(int) { return {names_, place_++}; }
    bool operator==(const Iterator&) const = default;

   private:
    const Names* names_ = nullptr;
    std::int64_t place_ = 0;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, static_cast<std::int64_t>(size())}; }

 private:
  template <class Texts>
  void append_all(const Texts& texts) {
    for (const auto& text : texts) push_back(text);
  }

  std::string text_;
  std::vector<std::int64_t> ends_{0};  // [names + 1]
};

// Names that stand there more than once. Needs 16 bytes a name while it looks.
struct RepeatedNames {
  std::int64_t n_repeated = 0;           // names that another before them has
  std::int64_t first = -1, second = -1;  // places of the earliest such name: where it stood before and where it stands again
};
RepeatedNames find_repeated(const Names& names);

}  // namespace cellverdict
