#include "byte_stream.hpp"

#include <dynamigrate/base/error.hpp>

#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

class FileBytes final : public ByteStream {
public:
    explicit FileBytes(const std::filesystem::path& path)
        : path_(path),
          file_(std::fopen(path.c_str(), "rbe")) {
        if (!file_) {
            ErrorKind kind = errno == ENOENT   ? ErrorKind::not_found
                             : errno == EACCES ? ErrorKind::permission_denied
                                               : ErrorKind::unavailable;
            throw Error(kind, std::string("cannot read the file: ") + std::strerror(errno))
                .at(path.string());
        }
    }

    std::size_t read(char* buffer, std::size_t size) override {
        std::size_t count = std::fread(buffer, 1, size, file_.get());
        if (count == 0 && std::ferror(file_.get()) != 0) {
            throw Error(ErrorKind::unavailable,
                        std::string("cannot read the file: ") + std::strerror(errno))
                .at(path_.string());
        }
        return count;
    }

private:
    struct Close {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };
    std::filesystem::path path_;
    std::unique_ptr<std::FILE, Close> file_;
};

[[noreturn]] void fail_damaged(const std::filesystem::path& path, const std::string& reason) {
    throw Error(ErrorKind::corrupted, "cannot decompress the file: " + reason).at(path.string());
}

constexpr std::size_t kInputBytes = 64 * 1024;

class GzipBytes final : public ByteStream {
public:
    explicit GzipBytes(const std::filesystem::path& path)
        : path_(path),
          file_(path),
          input_(kInputBytes) {
        constexpr int kGzipOnly = 16 + MAX_WBITS;
        inflateInit2(&stream_, kGzipOnly);
    }
    ~GzipBytes() override { inflateEnd(&stream_); }
    GzipBytes(const GzipBytes&) = delete;
    GzipBytes& operator=(const GzipBytes&) = delete;

    std::size_t read(char* buffer, std::size_t size) override {
        stream_.next_out = reinterpret_cast<Bytef*>(buffer);
        stream_.avail_out = static_cast<uInt>(size);
        while (stream_.avail_out == size) {
            if (stream_.avail_in == 0 && !refill()) {
                if (!is_member_complete_) {
                    fail_damaged(path_, "it ends too early");
                }
                return 0;
            }
            step();
        }
        return size - stream_.avail_out;
    }

private:
    bool refill() {
        stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
        stream_.avail_in = static_cast<uInt>(file_.read(input_.data(), input_.size()));
        return stream_.avail_in > 0;
    }
    /// A file may hold several members one after the other.
    void step() {
        if (is_member_complete_ && has_begun_) {
            inflateReset(&stream_);
        }
        has_begun_ = true;
        int result = inflate(&stream_, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
            fail_damaged(path_, stream_.msg != nullptr ? stream_.msg : "it is no gzip file");
        }
        is_member_complete_ = result == Z_STREAM_END;
    }

    std::filesystem::path path_;
    FileBytes file_;
    std::vector<char> input_;
    z_stream stream_{};
    bool has_begun_ = false;
    bool is_member_complete_ = false;
};

class ZstdBytes final : public ByteStream {
public:
    explicit ZstdBytes(const std::filesystem::path& path)
        : path_(path),
          file_(path),
          stream_(ZSTD_createDCtx()),
          bytes_(kInputBytes) {}

    std::size_t read(char* buffer, std::size_t size) override {
        ZSTD_outBuffer output{buffer, size, 0};
        while (output.pos == 0) {
            if (input_.pos == input_.size && !refill() && !has_more_output_) {
                if (left_ != 0) {
                    fail_damaged(path_, "it ends too early");
                }
                return 0;
            }
            left_ = ZSTD_decompressStream(stream_.get(), &output, &input_);
            if (ZSTD_isError(left_) != 0) {
                fail_damaged(path_, ZSTD_getErrorName(left_));
            }
            has_more_output_ = output.pos == output.size;
        }
        return output.pos;
    }

private:
    struct Free {
        void operator()(ZSTD_DCtx* stream) const noexcept { ZSTD_freeDCtx(stream); }
    };

    bool refill() {
        input_ = {bytes_.data(), file_.read(bytes_.data(), bytes_.size()), 0};
        return input_.size > 0;
    }

    std::filesystem::path path_;
    FileBytes file_;
    std::unique_ptr<ZSTD_DCtx, Free> stream_;
    std::vector<char> bytes_;
    ZSTD_inBuffer input_{nullptr, 0, 0};
    std::size_t left_ = 0;
    bool has_more_output_ = false;
};

}  // namespace

std::unique_ptr<ByteStream> open_byte_stream(const std::filesystem::path& path) {
    if (path.extension() == ".gz") {
        return std::make_unique<GzipBytes>(path);
    }
    if (path.extension() == ".zst") {
        return std::make_unique<ZstdBytes>(path);
    }
    return std::make_unique<FileBytes>(path);
}

}  // namespace dynamigrate::migrate
