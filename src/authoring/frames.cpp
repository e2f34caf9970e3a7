#include "frames.hpp"

#include <bit>
#include <cstring>

namespace dynamigrate::authoring {

static_assert(std::endian::native == std::endian::little,
              "frames begin with a little-endian length");

void begin_frame(std::string& frame) { frame.assign(kFrameLength, '\0'); }

void end_frame(std::string& frame) {
    const auto length = static_cast<std::uint32_t>(frame.size() - kFrameLength);
    std::memcpy(frame.data(), &length, kFrameLength);
}

std::uint32_t frame_length(const std::string& bytes) {
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data(), kFrameLength);
    return length;
}

}  // namespace dynamigrate::authoring
