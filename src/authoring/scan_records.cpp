#include "record_source.hpp"

#include <dynamigrate/json/reader.hpp>
#include <dynamigrate/json/writer.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace dynamigrate::authoring {

namespace {

using base::Error;
using base::ErrorKind;

/// Pages that were read and not yet asked for, by segment at most.
constexpr std::size_t kPagesAhead = 2;
constexpr std::size_t kMostPagesAhead = 16;

/// What a page of a scan says.
struct Page {
    RecordBatch batch;
    std::string last_key;  ///< JSON; "" : it is the last one
};

Page read_page(json::Reader& reader, std::string& body) {
    return json::translate("the answer to Scan", [&] {
        Page page;
        json::wire::document document = reader.read(body);
        for (json::wire::field field : document.get_object()) {
            const std::string_view key = field.unescaped_key();
            if (key == "Items") {
                json::wire::array items = field.value().get_array();
                page.batch.json = std::string_view(items.raw_json());
            } else if (key == "Count") {
                page.batch.count = field.value().get_uint64();
            } else if (key == "LastEvaluatedKey") {
                json::wire::object last = field.value().get_object();
                page.last_key = std::string_view(last.raw_json());
            }
        }
        return page;
    });
}

class ScanRecords final : public RecordSource {
public:
    ScanRecords(dynamodb::Service& service, std::string table, std::uint32_t segments,
                std::stop_token stop)
        : service_(service),
          table_(std::move(table)),
          segments_(segments),
          most_(std::min<std::size_t>(kPagesAhead * segments, kMostPagesAhead)),
          stop_all_(std::move(stop), [this] { stopping_.request_stop(); }),
          reading_(segments) {
        for (std::uint32_t segment = 0; segment < segments; ++segment) {
            threads_.emplace_back([this, segment] { read_all(segment); });
        }
    }
    ~ScanRecords() override {
        stopping_.request_stop();
        threads_.clear();
    }

    std::optional<RecordBatch> next(const std::stop_token& stop) override;

private:
    void read_all(std::uint32_t segment);
    void read_segment(std::uint32_t segment);
    std::string request(std::uint32_t segment, const std::string& start) const;
    void put(RecordBatch batch);

    dynamodb::Service& service_;
    std::string table_;
    std::uint32_t segments_;
    std::size_t most_;
    std::stop_source stopping_;
    std::stop_callback<std::function<void()>> stop_all_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<RecordBatch> ready_;
    std::uint64_t pages_ = 0;
    std::uint32_t reading_;  ///< segments that are not read to their end
    std::optional<Error> failure_;
    std::vector<std::jthread> threads_;
};

std::string ScanRecords::request(std::uint32_t segment, const std::string& start) const {
    std::string body;
    json::Writer writer(body);
    writer.begin_object().key("TableName").string(table_);
    if (segments_ > 1) {
        writer.key("Segment").number(segment).key("TotalSegments").number(segments_);
    }
    if (!start.empty()) {
        writer.key("ExclusiveStartKey").raw(start);
    }
    writer.key("ReturnConsumedCapacity").string("TOTAL").end_object();
    return body;
}

void ScanRecords::put(RecordBatch batch) {
    std::unique_lock lock(mutex_);
    ++pages_;
    if (batch.count == 0) {
        return;
    }
    if (!changed_.wait(lock, stopping_.get_token(), [&] { return ready_.size() < most_; })) {
        throw Error(ErrorKind::cancelled, "stopped while reading " + table_);
    }
    ready_.push_back(std::move(batch));
    lock.unlock();
    changed_.notify_all();
}

void ScanRecords::read_segment(std::uint32_t segment) {
    json::Reader reader;
    dynamodb::Reply reply;
    std::string start;
    do {
        const std::string body = request(segment, start);
        reply.clear();
        service_.call(
            {.operation = "Scan", .body = body, .stop = stopping_.get_token(), .table = table_},
            reply);
        Page page = read_page(reader, reply.body);
        start = std::move(page.last_key);
        put(std::move(page.batch));
    } while (!start.empty());
}

void ScanRecords::read_all(std::uint32_t segment) {
    std::optional<Error> failure;
    try {
        read_segment(segment);
    } catch (const Error& error) {
        failure = error;
    }
    {
        std::lock_guard lock(mutex_);
        --reading_;
        if (failure && !failure_) {
            failure_ = std::move(failure);
        }
    }
    changed_.notify_all();
}

std::optional<RecordBatch> ScanRecords::next(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const bool is_on =
        changed_.wait(lock, stop, [&] { return !ready_.empty() || failure_ || reading_ == 0; });
    if (!is_on) {
        throw Error(ErrorKind::cancelled, "stopped while reading " + table_);
    }
    if (failure_) {
        throw Error(*failure_);
    }
    if (ready_.empty()) {
        return std::nullopt;
    }
    RecordBatch batch = std::move(ready_.front());
    ready_.pop_front();
    batch.scanned_pages = pages_;
    for (const RecordBatch& waiting : ready_) {
        batch.ready += waiting.count;
    }
    lock.unlock();
    changed_.notify_all();
    return batch;
}

}  // namespace

std::unique_ptr<RecordSource> make_scan_records(dynamodb::Service& service, std::string table,
                                                std::uint32_t segments, std::stop_token stop) {
    return std::make_unique<ScanRecords>(service, std::move(table), segments, std::move(stop));
}

}  // namespace dynamigrate::authoring
