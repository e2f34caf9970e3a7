#include "journal_frames.hpp"

#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>
#include <dynamigrate/json/writer.hpp>

#include <zstd.h>

#include <cerrno>
#include <charconv>
#include <new>
#include <system_error>

namespace dynamigrate::layers {

using base::Error;
using base::ErrorKind;

namespace {

constexpr int kCompressionLevel = 1;

std::uint64_t to_zigzag(std::int64_t value) noexcept {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t from_zigzag(std::uint64_t value) noexcept {
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

std::uint64_t number_of(const json::Value& document, std::string_view key) {
    const json::Value* value = document.find(key);
    std::uint64_t number = 0;
    if (value != nullptr && value->is_number()) {
        const std::string& text = value->text();
        std::from_chars(text.data(), text.data() + text.size(), number);
    }
    return number;
}

}  // namespace

std::size_t begin_frame(ByteBuffer& out, FrameType type) {
    const std::size_t begun = out.size();
    out.put_u32(0);
    out.put_u32(0);
    out.put_byte(static_cast<std::uint8_t>(type));
    return begun;
}

void end_frame(ByteBuffer& out, std::size_t begun) {
    const std::size_t body = out.size() - begun - kFrameHeadBytes;
    if (body > UINT32_MAX) {
        throw Error(ErrorKind::invalid_argument, "a journal page is over 4 GiB; use smaller pages");
    }
    char* head = out.bytes() + begun;
    ByteBuffer::store_u32(head + 4, static_cast<std::uint32_t>(body));
    ByteBuffer::store_u32(head, base::crc32(out.view(begun + 4)));
}

EntryId make_entry_id(std::uint32_t attempt, std::uint32_t lane, std::uint64_t counter) noexcept {
    return (static_cast<EntryId>(attempt) << 48) | (static_cast<EntryId>(lane) << 32) | counter;
}

Compressor::Compressor() : zstd_(ZSTD_createCCtx()) {
    if (zstd_ == nullptr) {
        throw std::bad_alloc();
    }
}

Compressor::~Compressor() { ZSTD_freeCCtx(zstd_); }

void Compressor::append_page(ByteBuffer& out, const PageFrame& page, std::string_view encoded) {
    const std::size_t begun = begin_frame(out, FrameType::page);
    out.put_varint(page.page.step);
    out.put_varint(page.page.segment);
    out.put_varint(page.page.page);
    out.put_varint(page.page.order);
    out.put_varint(page.first_counter);
    out.put_varint(page.entries);
    out.put_varint(encoded.size());
    const std::size_t room = ZSTD_compressBound(encoded.size());
    const std::size_t stored = ZSTD_compressCCtx(zstd_, out.reserve(room), room, encoded.data(),
                                                 encoded.size(), kCompressionLevel);
    if (ZSTD_isError(stored) == 0 && stored < encoded.size()) {
        out.advance(stored);
    } else {
        out.put_bytes(encoded);
    }
    end_frame(out, begun);
}

Decompressor::Decompressor() : zstd_(ZSTD_createDCtx()) {
    if (zstd_ == nullptr) {
        throw std::bad_alloc();
    }
}

Decompressor::~Decompressor() { ZSTD_freeDCtx(zstd_); }

std::string_view Decompressor::entries_of(const PageFrame& page) {
    if (page.stored.size() == page.encoded_bytes) {
        return page.stored;
    }
    if (ZSTD_getFrameContentSize(page.stored.data(), page.stored.size()) != page.encoded_bytes) {
        ByteReader::fail("its length is not what it says");
    }
    encoded_.resize(page.encoded_bytes);
    const std::size_t size = ZSTD_decompressDCtx(zstd_, encoded_.data(), encoded_.size(),
                                                 page.stored.data(), page.stored.size());
    if (size != page.encoded_bytes) {
        ByteReader::fail("it cannot be decompressed");
    }
    return encoded_;
}

PageFrame parse_page_frame(std::string_view body) {
    ByteReader in(body);
    PageFrame frame;
    frame.page.step = static_cast<std::uint32_t>(in.varint());
    frame.page.segment = static_cast<std::uint32_t>(in.varint());
    frame.page.page = in.varint();
    frame.page.order = in.varint();
    frame.first_counter = in.varint();
    frame.entries = in.varint();
    frame.encoded_bytes = in.varint();
    frame.stored = in.rest();
    return frame;
}

void append_outcomes(ByteBuffer& out, const std::vector<OutcomeRun>& runs) {
    const std::size_t begun = begin_frame(out, FrameType::outcomes);
    out.put_varint(runs.size());
    EntryId expected = 0;
    for (const OutcomeRun& run : runs) {
        out.put_varint(to_zigzag(static_cast<std::int64_t>(run.first - expected)));
        out.put_varint(run.count);
        out.put_byte(static_cast<std::uint8_t>(run.outcome));
        expected = run.first + run.count;
    }
    end_frame(out, begun);
}

std::vector<OutcomeRun> parse_outcomes(std::string_view body) {
    ByteReader in(body);
    std::vector<OutcomeRun> runs(in.count());
    EntryId expected = 0;
    for (OutcomeRun& run : runs) {
        run.first = expected + static_cast<EntryId>(from_zigzag(in.varint()));
        run.count = in.varint();
        const std::uint8_t outcome = in.byte();
        if (outcome > static_cast<std::uint8_t>(EntryOutcome::unknown)) {
            ByteReader::fail("an outcome is unknown");
        }
        run.outcome = static_cast<EntryOutcome>(outcome);
        expected = run.first + run.count;
    }
    return runs;
}

void append_time(ByteBuffer& out, base::WallTime time) {
    const std::size_t begun = begin_frame(out, FrameType::time);
    out.put_varint(static_cast<std::uint64_t>(time.time_since_epoch().count()));
    end_frame(out, begun);
}

base::WallTime parse_time(std::string_view body) {
    ByteReader in(body);
    return base::WallTime{std::chrono::milliseconds{static_cast<std::int64_t>(in.varint())}};
}

void append_header(ByteBuffer& out, const PartHeader& header, std::string_view writer) {
    std::string text;
    json::Writer json(text);
    json.begin_object()
        .key("format")
        .number(kPartFormat)
        .key("run")
        .string(header.run)
        .key("attempt")
        .number(header.attempt)
        .key("lane")
        .number(header.lane)
        .key("fence")
        .number(header.fence)
        .key("tool")
        .string(header.tool_version);
    if (!writer.empty()) {
        json.key("writer").string(writer);
    }
    json.end_object();
    const std::size_t begun = begin_frame(out, FrameType::header);
    out.put_bytes(text);
    end_frame(out, begun);
}

PartHeader parse_header(std::string_view body, const std::string& name) {
    const json::Value document = json::parse_json(body, name);
    if (number_of(document, "format") != kPartFormat) {
        throw Error(ErrorKind::failed_precondition,
                    "the journal part was written by another version (" +
                        json::text_of(document, "tool") + "); use that version to read it")
            .at(name);
    }
    PartHeader header;
    header.run = json::text_of(document, "run");
    header.attempt = static_cast<std::uint32_t>(number_of(document, "attempt"));
    header.lane = static_cast<std::uint32_t>(number_of(document, "lane"));
    header.fence = number_of(document, "fence");
    header.tool_version = json::text_of(document, "tool");
    return header;
}

PartReader::PartReader(const std::filesystem::path& path)
    : path_(path),
      file_(path, std::ios::binary) {
    if (!file_) {
        const int code = errno;
        throw Error(code == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable,
                    "cannot open the journal part: " + std::generic_category().message(code))
            .at(path.string());
    }
    file_bytes_ = std::filesystem::file_size(path);
}

bool PartReader::read(char* to, std::size_t size) {
    if (size > file_bytes_ - std::min(offset_, file_bytes_)) {
        return false;
    }
    file_.read(to, static_cast<std::streamsize>(size));
    if (file_.bad()) {
        throw Error(ErrorKind::unavailable, "cannot read the journal part").at(path_.string());
    }
    offset_ += size;
    return !file_.fail();
}

bool PartReader::read_magic() {
    bytes_.resize(kPartMagic.size());
    if (!read(bytes_.data(), bytes_.size()) || bytes_ != kPartMagic) {
        return false;
    }
    sound_bytes_ = offset_;
    checksum_ = base::crc32(bytes_);
    return true;
}

std::optional<Frame> PartReader::next() {
    if (is_torn_ || (offset_ == 0 && !read_magic())) {
        is_torn_ = true;
        return std::nullopt;
    }
    const std::uint64_t begun = offset_;
    is_torn_ = true;
    bytes_.resize(kFrameHeadBytes);
    if (!read(bytes_.data(), kFrameHeadBytes)) {
        return std::nullopt;
    }
    const std::size_t body = ByteReader::load_u32(bytes_.data() + 4);
    if (body > file_bytes_ - offset_) {
        return std::nullopt;
    }
    bytes_.resize(kFrameHeadBytes + body);
    if (!read(bytes_.data() + kFrameHeadBytes, body)) {
        return std::nullopt;
    }
    const std::string_view frame = bytes_;
    if (base::crc32(frame.substr(4)) != ByteReader::load_u32(frame.data())) {
        return std::nullopt;
    }
    is_torn_ = false;
    if (begun == sound_bytes_) {
        sound_bytes_ = offset_;
        checksum_ = base::crc32(frame, checksum_);
    }
    return Frame{static_cast<FrameType>(frame[8]), begun, frame.substr(kFrameHeadBytes)};
}

void PartReader::seek(std::uint64_t offset) {
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(offset));
    offset_ = offset;
    is_torn_ = false;
}

}  // namespace dynamigrate::layers
