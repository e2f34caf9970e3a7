#include "../record_source.hpp"

#include <dynamigrate/expressions/testing/memory_service.hpp>
#include <dynamigrate/json/json5.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <set>

namespace dynamigrate::authoring {
namespace {

/// What stands in a descriptor.
class Input {
public:
    explicit Input(std::string_view text) {
        EXPECT_EQ(::pipe(ends_), 0);
        EXPECT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
        ::close(ends_[1]);
    }
    ~Input() { ::close(ends_[0]); }
    int get() const { return ends_[0]; }

private:
    int ends_[2]{};
};

/// All batches, and how it ended.
std::string read(RecordSource& source) {
    std::string all;
    try {
        while (const auto batch = source.next({})) {
            all += batch->json;
        }
    } catch (const base::Error& error) {
        all += std::string("! ") + error.what();
    }
    return all;
}

TEST(LineRecords, PassLinesOfDynamoDbJsonAndSkipBlankOnes) {
    const Input input("{\"a\":{\"S\":\"x\"}}\n\n  \r\n{\"a\":{\"N\":\"1\"}}\n");
    EXPECT_EQ(read(*make_line_records(input.get(), false)), R"([{"a":{"S":"x"}},{"a":{"N":"1"}}])");
}

TEST(LineRecords, NeedNoEndAfterTheLastLine) {
    const Input input("{\"a\":{\"S\":\"x\"}}");
    EXPECT_EQ(read(*make_line_records(input.get(), false)), R"([{"a":{"S":"x"}}])");
}

TEST(LineRecords, PassPlainJson) {
    const Input input("{\"a\":1}\n[]\n");
    EXPECT_EQ(read(*make_line_records(input.get(), true)), R"([{"a":1},[]])");
}

TEST(LineRecords, NameTheWrongLineAfterThoseBeforeIt) {
    const Input input("{\"a\":{\"S\":\"x\"}}\n\n{\"a\":1}\n{\"a\":{\"S\":\"y\"}}\n");
    const std::string all = read(*make_line_records(input.get(), false));
    EXPECT_TRUE(all.starts_with(R"([{"a":{"S":"x"}}]! line 3 of the input)")) << all;
    EXPECT_NE(all.find("--dyno"), std::string::npos);
    const Input plain("{}\n{]\n");
    EXPECT_TRUE(read(*make_line_records(plain.get(), true)).starts_with("[{}]! line 2"));
}

TEST(LineRecords, EndWhenStopped) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    std::stop_source stop;
    stop.request_stop();
    EXPECT_THROW(make_line_records(ends[0], false)->next(stop.get_token()), base::Error);
    ::close(ends[0]);
    ::close(ends[1]);
}

constexpr std::size_t kSmallPage = 1000;

std::unique_ptr<expressions::MemoryService> table_of(int count) {
    auto service = std::make_unique<expressions::MemoryService>(
        expressions::MemoryOptions{.page_bytes = kSmallPage});
    dynamodb::KeySchema key;
    key.hash = {"pk", {}};
    service->create_table("app", key);
    for (int i = 0; i < count; ++i) {
        service->put(
            "app",
            fmt::format(R"({{"pk":{{"S":"k{}"}},"n":{{"N":"12345678901234567890123"}}}})", i));
    }
    return service;
}

std::multiset<std::string> keys(RecordSource& source) {
    std::multiset<std::string> found;
    while (const auto batch = source.next({})) {
        const json::Value records = json::parse_json(batch->json, "batch");
        EXPECT_EQ(records.elements().size(), batch->count);
        for (const json::Value& record : records.elements()) {
            EXPECT_EQ(record.find("n")->find("N")->text(), "12345678901234567890123");
            found.insert(record.find("pk")->find("S")->text());
        }
    }
    return found;
}

TEST(ScanRecords, GiveEachItemOnceInSegmentsToo) {
    const auto service = table_of(100);
    for (const std::uint32_t segments : {1U, 7U}) {
        const auto source = make_scan_records(*service, "app", segments, {});
        const auto found = keys(*source);
        EXPECT_EQ(found.size(), 100U);
        EXPECT_EQ(std::set<std::string>(found.begin(), found.end()).size(), 100U);
    }
}

TEST(ScanRecords, TellWhatTheServiceFindsWrong) {
    const auto service = table_of(0);
    const auto source = make_scan_records(*service, "missing", 3, {});
    EXPECT_THROW(source->next({}), base::Error);
}

TEST(ScanRecords, MayBeLeftBeforeTheirEnd) {
    const auto service = table_of(100);
    const auto source = make_scan_records(*service, "app", 16, {});
    EXPECT_TRUE(source->next({}));
}

}  // namespace
}  // namespace dynamigrate::authoring
