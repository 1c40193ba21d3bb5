#pragma once
// The bytes of a text, inflated when they are gzip (told by the first bytes; any number of members), in pieces of bounded size.
// A large text is read and inflated in a thread of its own, some pieces ahead of whoever takes them.
// Must never: take a truncated gzip for the end of the text.

#include <cellverdict/io/input_bytes.h>

#include <cstddef>
#include <memory>
#include <string>

namespace cellverdict {

class TextBytes {
 public:
  // Throws InputError when the file is missing, unreadable or empty.
  explicit TextBytes(InputBytes input);
  ~TextBytes();
  TextBytes(TextBytes&&) noexcept;
  TextBytes& operator=(TextBytes&&) noexcept;

  // At most `room` bytes; 0 at the end, or when there is a problem().
  std::size_t read(char* out, std::size_t room);
  const std::string& problem() const;  // "a truncated gzip stream"
  bool gzipped() const;
  void rewind();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cellverdict
