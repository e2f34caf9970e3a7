#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rocksdb {
class DB;
class Iterator;
class Snapshot;
class WriteBatch;
class Env;
}  // namespace rocksdb

namespace dynamigrate::engine {

/// Ordered keys and values, on disk or in memory; the only place that knows RocksDB.
///
/// Threads: any. Errors: Error unavailable or corrupted with the place.
class Store {
public:
    enum class Kind {
        durable,  ///< a directory; what `write` acknowledged survives the death of the process
        memory,   ///< gone with the object
        spill,    ///< a directory, removed with the object; memory is bounded, nothing is durable
    };

    /// Changes that are done together.
    class Batch {
    public:
        Batch();
        ~Batch();
        Batch(Batch&&) noexcept;
        void put(std::string_view key, std::string_view value);
        void remove(std::string_view key);
        /// All keys in [begin, end).
        void remove_range(std::string_view begin, std::string_view end);
        bool empty() const;
        void clear();

    private:
        friend class Store;
        std::unique_ptr<rocksdb::WriteBatch> batch_;
    };

    /// Walks over keys as they were when it was made.
    class Cursor {
    public:
        Cursor(Store& store, std::string lower, std::string upper);  ///< keys in [lower, upper)
        ~Cursor();
        Cursor(const Cursor&) = delete;
        Cursor& operator=(const Cursor&) = delete;
        void seek_first();
        void seek_last();
        void seek(std::string_view at_or_after);
        void seek_before(std::string_view at_or_before);
        void next();
        void previous();
        bool valid() const;
        std::string_view key() const;
        std::string_view value() const;

    private:
        struct Bounds;
        std::unique_ptr<Bounds> bounds_;
        std::unique_ptr<rocksdb::Iterator> iterator_;
    };

    /// `directory`: where it lies; not used in memory.
    Store(Kind kind, const std::filesystem::path& directory);
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    /// False when there is no such key.
    bool get(std::string_view key, std::string& value) const;
    void put(std::string_view key, std::string_view value);
    void write(Batch& batch);

    /// Keeps what is in the store now, in one piece, in a new directory that shares the store's
    /// files. Of a store in memory, in memory. Ensures: whole or not there, also when killed.
    void checkpoint(const std::filesystem::path& directory);
    /// A checkpoint of this store, to be read only; this store must outlive it.
    std::unique_ptr<Store> open_checkpoint(const std::filesystem::path& directory) const;
    void remove_checkpoint(const std::filesystem::path& directory);
    /// Names of the directories in `directory`; none when it is not there.
    std::vector<std::string> children(const std::filesystem::path& directory) const;

    Kind kind() const noexcept { return kind_; }
    const std::filesystem::path& directory() const noexcept { return directory_; }

private:
    Store(Kind kind, const std::filesystem::path& directory, std::unique_ptr<rocksdb::DB> db);
    rocksdb::Env& env() const;

    Kind kind_;
    std::filesystem::path directory_;
    std::unique_ptr<rocksdb::Env> env_;
    std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace dynamigrate::engine
