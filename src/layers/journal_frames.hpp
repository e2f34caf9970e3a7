#pragma once

#include <dynamigrate/layers/journal.hpp>

#include "journal_bytes.hpp"

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

/// The layout of a part: docs/reference/journal-format.md.
namespace dynamigrate::layers {

inline constexpr std::string_view kPartMagic{"DMJRNL\x01\n", 8};
inline constexpr std::size_t kFrameHeadBytes = 9;  ///< u32 checksum, u32 body length, u8 type
inline constexpr int kPartFormat = 1;

enum class FrameType : std::uint8_t { header = 1, page = 2, outcomes = 3, time = 4 };

/// Where a frame's bytes begin in the buffer, until `end_frame` completes its head.
std::size_t begin_frame(ByteBuffer& out, FrameType type);
void end_frame(ByteBuffer& out, std::size_t begun);

EntryId make_entry_id(std::uint32_t attempt, std::uint32_t lane, std::uint64_t counter) noexcept;

/// The uncompressed beginning of a page frame.
struct PageFrame {
    JournalPage page;
    std::uint64_t first_counter = 0;  ///< the entries count on from here
    std::uint64_t entries = 0;
    std::uint64_t encoded_bytes = 0;  ///< of all entries, before compression
    std::string_view stored;          ///< compressed when shorter than `encoded_bytes`
};

/// Compresses into the buffer; keeps its working memory from page to page.
class Compressor {
public:
    Compressor();
    ~Compressor();
    Compressor(const Compressor&) = delete;
    Compressor& operator=(const Compressor&) = delete;
    /// Appends a whole page frame.
    void append_page(ByteBuffer& out, const PageFrame& page, std::string_view encoded);

private:
    ZSTD_CCtx_s* zstd_;
};

class Decompressor {
public:
    Decompressor();
    ~Decompressor();
    Decompressor(const Decompressor&) = delete;
    Decompressor& operator=(const Decompressor&) = delete;
    /// The encoded entries; valid until the next call, or as long as the frame's bytes.
    std::string_view entries_of(const PageFrame& page);

private:
    ZSTD_DCtx_s* zstd_;
    std::string encoded_;
};

PageFrame parse_page_frame(std::string_view body);

/// Consecutive entries with one outcome.
struct OutcomeRun {
    EntryId first = 0;
    std::uint64_t count = 0;
    EntryOutcome outcome = EntryOutcome::unsettled;
};
void append_outcomes(ByteBuffer& out, const std::vector<OutcomeRun>& runs);
std::vector<OutcomeRun> parse_outcomes(std::string_view body);

/// The time at which the pages after it were committed.
void append_time(ByteBuffer& out, base::WallTime time);
base::WallTime parse_time(std::string_view body);

/// `writer`: told apart by it from every other writer; "" : none.
void append_header(ByteBuffer& out, const PartHeader& header, std::string_view writer = {});
/// Errors: failed_precondition for a format that this program does not know; corrupted.
PartHeader parse_header(std::string_view body, const std::string& name);

/// A frame as it was read; its body is valid until the next one is.
struct Frame {
    FrameType type = FrameType::header;
    std::uint64_t offset = 0;
    std::string_view body;
};

/// Reads the frames of a part one by one, up to the first that is not whole and sound.
class PartReader {
public:
    /// Errors: not_found, unavailable.
    explicit PartReader(const std::filesystem::path& path);
    /// The next sound frame; nothing at the end or where the part is torn.
    std::optional<Frame> next();
    void seek(std::uint64_t offset);
    /// Bytes of magic and sound frames that were read in sequence, and their checksum.
    std::uint64_t sound_bytes() const noexcept { return sound_bytes_; }
    std::uint32_t checksum() const noexcept { return checksum_; }
    std::uint64_t file_bytes() const noexcept { return file_bytes_; }

private:
    bool read_magic();
    bool read(char* to, std::size_t size);

    std::filesystem::path path_;
    std::ifstream file_;
    std::uint64_t file_bytes_ = 0;
    std::uint64_t offset_ = 0;
    std::uint64_t sound_bytes_ = 0;
    std::uint32_t checksum_ = 0;
    bool is_torn_ = false;
    std::string bytes_;
};

}  // namespace dynamigrate::layers
