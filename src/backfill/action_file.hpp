#pragma once

#include <dynamigrate/backfill/transform.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Files of actions: records one after the other, each with its length and checksum.
namespace dynamigrate::backfill {

/// Appends the action as text, in lines of wire JSON. `table`: its physical name.
void append_action(std::string& out, const Action& action, std::string_view table);

/// Reads what `append_action` wrote. Threads: one.
class ActionParser {
public:
    /// What the action points to lives in the arena.
    Action parse(std::string_view text, base::Arena& arena);

private:
    dynamodb::WireParser parser_;
};

/// Appends records, buffered. Threads: one.
class RecordWriter {
public:
    explicit RecordWriter(const std::filesystem::path& path) : file_(path) {}

    void append(std::string_view record);
    /// Returns after all records are on stable storage.
    void sync();
    /// Hands what is buffered to the system.
    void flush();

private:
    base::AppendFile file_;
    std::string buffer_;
    bool is_synced_ = true;
};

/// Reads records one after the other. Threads: one.
class RecordReader {
public:
    /// Errors: not_found.
    explicit RecordReader(const std::filesystem::path& path);

    /// The next record, valid until the next call; false at the end.
    /// Errors: corrupted for a record that is not whole, unless `may_be_torn`: that is the end then.
    bool next(std::string_view& record, bool may_be_torn = false);
    std::uint64_t offset() const noexcept { return offset_; }
    /// Goes on there. Requires an offset at which a record begins.
    void seek(std::uint64_t offset);

private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    bool read(char* to, std::size_t size);

    std::filesystem::path path_;
    std::unique_ptr<std::FILE, Close> file_;
    std::uint64_t offset_ = 0;
    std::string record_;
};

/// Numbers of fixed width in records, little-endian.
void append_number(std::string& out, std::uint64_t number);
/// Takes one from the front. Requires 8 bytes.
std::uint64_t take_number(std::string_view& from);

}  // namespace dynamigrate::backfill
