#pragma once
// One list of members serves writing and reading a struct as JSON, so that the two cannot drift apart:
//
//   void fields(auto& io, Same<Interval> auto& x) {
//     io("low", x.low);
//     io("high", x.high);
//   }
//
// `Io::kReads` tells the two apart where a member has another form in the file. Knows no header of the JSON library: `Json` is
// whichever of its types the caller uses. Numbers JSON cannot hold are the strings "inf", "-inf" and "nan"; what does not exist is
// null; every number comes back bit by bit.

#include <cellverdict/base/error.h>

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace cellverdict {

// T is U, const or not: the writer has the one, the reader the other.
template <class T, class U>
concept Same = std::same_as<std::remove_const_t<T>, U>;

template <class Json>
class JsonWriter {
 public:
  static constexpr bool kReads = false;

  template <class T>
  void operator()(const char* key, const T& value) {
    json_[key] = of(value);
  }
  Json take() { return std::move(json_); }

  static Json of(double x) {
    if (std::isfinite(x)) return x;
    if (std::isnan(x)) return "nan";
    return x > 0 ? "inf" : "-inf";
  }
  static Json of(bool x) { return x; }
  static Json of(std::int64_t x) { return x; }
  static Json of(const std::string& x) { return x; }
  template <class T>
  static Json of(const std::optional<T>& x) {
    return x ? of(*x) : Json(nullptr);
  }
  template <class T>
  static Json of(const std::vector<T>& items) {
    Json out = Json::array();
    for (const auto& item : items) out.push_back(of(item));
    return out;
  }
  template <class T>
    requires std::is_class_v<T>
  static Json of(const T& x) {
    JsonWriter writer;
    fields(writer, x);
    return writer.take();
  }

 private:
  Json json_ = Json::object();
};

// A node with the place it stands at, so that an error can say which one is wrong.
template <class Json>
class JsonReader {
 public:
  static constexpr bool kReads = true;

  // What to do about a file that is wrong: "train again".
  JsonReader(const Json& json, std::string place, std::string advice)
      : json_(json), place_(std::move(place)), advice_(std::move(advice)) {}

  template <class T>
  void operator()(const char* key, T& out) const {
    at(key).read(out);
  }

  [[noreturn]] void refuse(const std::string& found, const std::string& expected) const {
    throw InputError({.where = place_, .found = found, .expected = expected, .advice = advice_});
  }
  [[noreturn]] void refuse(const std::string& expected) const { refuse(std::string(json_.type_name()), expected); }

  JsonReader at(const char* key) const {
    if (!json_.is_object()) refuse("an object");
    const auto found = json_.find(key);
    if (found == json_.end()) refuse(std::string("no \"") + key + "\"", "");
    return {*found, place_ + " " + key, advice_};
  }

  void read(std::string& out) const {
    if (!json_.is_string()) refuse("text");
    out = json_.template get<std::string>();
  }
  void read(bool& out) const {
    if (!json_.is_boolean()) refuse("true or false");
    out = json_.template get<bool>();
  }
  // Counts: none is below zero.
  void read(std::int64_t& out) const {
    if (!json_.is_number_unsigned() ||
        json_.template get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      refuse(json_.is_number() ? json_.dump() : std::string(json_.type_name()), "a whole number");
    out = json_.template get<std::int64_t>();
  }
  void read(double& out) const {
    if (json_.is_number()) {
      out = json_.template get<double>();
    } else if (json_ == "inf") {
      out = std::numeric_limits<double>::infinity();
    } else if (json_ == "-inf") {
      out = -std::numeric_limits<double>::infinity();
    } else if (json_ == "nan") {
      out = std::numeric_limits<double>::quiet_NaN();
    } else {
      refuse("a number");
    }
  }
  template <class T>
  void read(std::vector<T>& out) const {
    if (!json_.is_array()) refuse("a list");
    out.assign(json_.size(), T{});
    for (std::size_t i = 0; i < out.size(); ++i) JsonReader(json_[i], place_ + "[" + std::to_string(i) + "]", advice_).read(out[i]);
  }
  template <class T>
  void read(std::optional<T>& out) const {
    out.reset();
    if (!json_.is_null()) read(out.emplace());
  }
  template <class T>
    requires std::is_class_v<T>
  void read(T& out) const {
    fields(*this, out);
  }

 private:
  const Json& json_;
  std::string place_, advice_;
};

}  // namespace cellverdict
