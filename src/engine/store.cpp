#include "store.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <fcntl.h>
#include <unistd.h>

namespace dynamigrate::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;
constexpr std::string_view kFormatKey = "v";
constexpr std::string_view kFormat = "1";

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const rocksdb::Slice& text) { return {text.data(), text.size()}; }

[[noreturn]] void fail(const rocksdb::Status& status, const fs::path& directory) {
    base::ErrorKind kind =
        status.IsCorruption() ? base::ErrorKind::corrupted : base::ErrorKind::unavailable;
    throw base::Error(kind, status.ToString()).at("store " + directory.string());
}

void check(const rocksdb::Status& status, const fs::path& directory) {
    if (!status.ok()) {
        fail(status, directory);
    }
}

rocksdb::Options options_for(Store::Kind kind) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.info_log_level = rocksdb::ERROR_LEVEL;
    options.keep_log_file_num = 1;
    options.max_background_jobs = 2;
    options.compression =
        kind == Store::Kind::memory ? rocksdb::kNoCompression : rocksdb::kLZ4Compression;
    // Small enough that old versions of items, over which a scan has to step, do not pile up.
    options.write_buffer_size = 8 * kMegabyte;
    rocksdb::BlockBasedTableOptions blocks;
    blocks.block_cache = rocksdb::NewLRUCache((kind == Store::Kind::durable ? 32 : 8) * kMegabyte);
    blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
    return options;
}

/// The process that has the store's lock, or 0. Not to be asked by that process itself: closing the
/// file would give up its lock.
pid_t lock_owner(const fs::path& directory) {
    int file = ::open((directory / "LOCK").c_str(), O_RDWR | O_CLOEXEC);
    if (file < 0) {
        return 0;
    }
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    bool is_locked = ::fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    ::close(file);
    return is_locked ? lock.l_pid : 0;
}

[[noreturn]] void refuse_locked(const rocksdb::Status& status, const fs::path& directory) {
    bool is_ours = status.ToString().find("lock hold by current process") != std::string::npos;
    pid_t owner = is_ours ? ::getpid() : lock_owner(directory);
    if (owner == 0) {
        fail(status, directory);
    }
    throw base::Error(base::ErrorKind::failed_precondition,
                      "is in use by process " + std::to_string(owner) +
                          ": one process at a time can open it; end that one, or let it serve "
                          "others with 'dynamigrate serve'")
        .at("store " + directory.string());
}

/// Whether RocksDB leaves such a file when the process dies before it has written CURRENT; from then
/// on a store exists. The names count only with a size that cannot hold anything of a user's.
bool is_of_first_opening(const fs::directory_entry& entry) {
    constexpr std::uintmax_t kIdentitySize = 36;
    constexpr std::uintmax_t kManifestSize = 4096;
    if (!entry.is_regular_file() || entry.is_symlink()) {
        return false;
    }
    std::string name = entry.path().filename();
    std::uintmax_t size = entry.file_size();
    if (name == "LOCK" || name == "LOG" || name.starts_with("LOG.old.")) {
        return size == 0;
    }
    if (name == "IDENTITY" || name == "000000.dbtmp" || name == "000001.dbtmp") {
        return size <= kIdentitySize;
    }
    return name == "MANIFEST-000001" && size <= kManifestSize;
}

/// LOG comes before all others; the next opening renames it.
bool is_half_made(const fs::path& directory) {
    bool has_log = false;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
        if (!is_of_first_opening(entry)) {
            return false;
        }
        has_log = has_log || entry.path().filename().string().starts_with("LOG");
    }
    return has_log;
}

void prepare_directory(const fs::path& directory) {
    base::create_directories(directory);
    bool is_store = fs::exists(directory / "CURRENT");
    if (!is_store && !fs::is_empty(directory) && !is_half_made(directory)) {
        throw base::Error(
            base::ErrorKind::failed_precondition,
            "the directory holds other files and no store; name an empty or a new one")
            .at("store " + directory.string());
    }
}

void check_format(rocksdb::DB& db, const fs::path& directory) {
    std::string format;
    rocksdb::Status status = db.Get({}, slice(kFormatKey), &format);
    if (status.IsNotFound()) {
        check(db.Put({}, slice(kFormatKey), slice(kFormat)), directory);
        return;
    }
    check(status, directory);
    if (format != kFormat) {
        throw base::Error(base::ErrorKind::failed_precondition,
                          "has format " + format + "; this program reads format " +
                              std::string(kFormat) + ": use the version that wrote it")
            .at("store " + directory.string());
    }
}

rocksdb::WriteOptions write_options(Store::Kind kind) {
    rocksdb::WriteOptions options;
    options.disableWAL = kind != Store::Kind::durable;
    return options;
}

}  // namespace

Store::Batch::Batch() : batch_(std::make_unique<rocksdb::WriteBatch>()) {}
Store::Batch::~Batch() = default;
Store::Batch::Batch(Batch&&) noexcept = default;

void Store::Batch::put(std::string_view key, std::string_view value) {
    batch_->Put(slice(key), slice(value));
}

void Store::Batch::remove(std::string_view key) { batch_->Delete(slice(key)); }

void Store::Batch::remove_range(std::string_view begin, std::string_view end) {
    batch_->DeleteRange(slice(begin), slice(end));
}

bool Store::Batch::empty() const { return batch_->Count() == 0; }
void Store::Batch::clear() { batch_->Clear(); }

struct Store::Cursor::Bounds {
    std::string lower, upper;
    rocksdb::Slice lower_slice, upper_slice;
};

Store::Cursor::Cursor(Store& store, std::string lower, std::string upper)
    : bounds_(std::make_unique<Bounds>()) {
    bounds_->lower = std::move(lower);
    bounds_->upper = std::move(upper);
    bounds_->lower_slice = slice(bounds_->lower);
    bounds_->upper_slice = slice(bounds_->upper);
    rocksdb::ReadOptions options;
    options.iterate_lower_bound = &bounds_->lower_slice;
    options.iterate_upper_bound = &bounds_->upper_slice;
    iterator_.reset(store.db_->NewIterator(options));
}

Store::Cursor::~Cursor() = default;
void Store::Cursor::seek_first() { iterator_->SeekToFirst(); }
void Store::Cursor::seek_last() { iterator_->SeekToLast(); }
void Store::Cursor::seek(std::string_view at_or_after) { iterator_->Seek(slice(at_or_after)); }
void Store::Cursor::seek_before(std::string_view at_or_before) {
    iterator_->SeekForPrev(slice(at_or_before));
}
void Store::Cursor::next() { iterator_->Next(); }
void Store::Cursor::previous() { iterator_->Prev(); }

bool Store::Cursor::valid() const {
    if (iterator_->Valid()) {
        return true;
    }
    check(iterator_->status(), {});
    return false;
}

std::string_view Store::Cursor::key() const { return view(iterator_->key()); }
std::string_view Store::Cursor::value() const { return view(iterator_->value()); }

Store::Store(Kind kind, const fs::path& directory) : kind_(kind), directory_(directory) {
    rocksdb::Options options = options_for(kind);
    if (kind == Kind::memory) {
        env_.reset(rocksdb::NewMemEnv(rocksdb::Env::Default()));
        options.env = env_.get();
        directory_ = "/memory";
    } else {
        prepare_directory(directory_);
    }
    rocksdb::DB* db = nullptr;
    rocksdb::Status status = rocksdb::DB::Open(options, directory_.string(), &db);
    if (status.IsIOError() && status.ToString().find("ock") != std::string::npos) {
        refuse_locked(status, directory_);
    }
    check(status, directory_);
    db_.reset(db);
    check_format(*db_, directory_);
}

// What lies in memory is written out, so that the next opening need not replay the log.
Store::~Store() {
    if (kind_ == Kind::durable) {
        db_->Flush({}).PermitUncheckedError();
    }
    db_.reset();
    if (kind_ == Kind::spill) {
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }
}

bool Store::get(std::string_view key, std::string& value) const {
    rocksdb::Status status = db_->Get({}, slice(key), &value);
    if (status.IsNotFound()) {
        return false;
    }
    check(status, directory_);
    return true;
}

void Store::put(std::string_view key, std::string_view value) {
    check(db_->Put(write_options(kind_), slice(key), slice(value)), directory_);
}

void Store::write(Batch& batch) {
    check(db_->Write(write_options(kind_), batch.batch_.get()), directory_);
}

Store::Store(Kind kind, const fs::path& directory, std::unique_ptr<rocksdb::DB> db)
    : kind_(kind),
      directory_(directory),
      db_(std::move(db)) {}

rocksdb::Env& Store::env() const { return env_ ? *env_ : *rocksdb::Env::Default(); }

void Store::checkpoint(const fs::path& directory) {
    check(env().CreateDirIfMissing(directory.parent_path().string()), directory);
    rocksdb::Checkpoint* made = nullptr;
    check(rocksdb::Checkpoint::Create(db_.get(), &made), directory);
    std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    check(checkpoint->CreateCheckpoint(directory.string()), directory);
}

std::unique_ptr<Store> Store::open_checkpoint(const fs::path& directory) const {
    rocksdb::Options options = options_for(kind_);
    options.env = &env();
    rocksdb::DB* db = nullptr;
    check(rocksdb::DB::OpenForReadOnly(options, directory.string(), &db), directory);
    Kind kind = kind_ == Kind::memory ? Kind::memory : Kind::durable;
    return std::unique_ptr<Store>(new Store(kind, directory, std::unique_ptr<rocksdb::DB>(db)));
}

void Store::remove_checkpoint(const fs::path& directory) {
    rocksdb::Options options = options_for(kind_);
    options.env = &env();
    check(rocksdb::DestroyDB(directory.string(), options), directory);
    if (kind_ != Kind::memory) {
        std::error_code ignored;
        fs::remove_all(directory, ignored);
    }
}

std::vector<std::string> Store::children(const fs::path& directory) const {
    std::vector<std::string> names;
    rocksdb::Status status = env().GetChildren(directory.string(), &names);
    if (status.IsNotFound()) {
        return {};
    }
    check(status, directory);
    std::erase_if(names, [](const std::string& name) { return name == "." || name == ".."; });
    return names;
}

}  // namespace dynamigrate::engine
