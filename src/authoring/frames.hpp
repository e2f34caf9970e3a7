#pragma once

#include <cstdint>
#include <string>

namespace dynamigrate::authoring {

/// What is exchanged with a Node process: a little-endian length of 4 bytes, then JSON.
inline constexpr std::size_t kFrameLength = 4;

/// Leaves the text with space for the length only.
void begin_frame(std::string& frame);
/// Writes the length of what was appended since.
void end_frame(std::string& frame);
/// The length that a frame begins with. Requires: its bytes.
std::uint32_t frame_length(const std::string& bytes);

}  // namespace dynamigrate::authoring
