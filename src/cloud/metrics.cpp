#include <dynamigrate/cloud/metrics.hpp>

#include <dynamigrate/json/writer.hpp>

#include <array>
#include <string_view>
#include <utility>

namespace dynamigrate::cloud {

namespace {

using Unit = std::pair<std::string_view, std::string_view>;

constexpr std::array<Unit, 8> kUnits = {{
    {"Items", "Count"},
    {"Changed", "Count"},
    {"Conflicts", "Count"},
    {"Quarantined", "Count"},
    {"ReadUnits", "Count"},
    {"WriteUnits", "Count"},
    {"Duration", "Milliseconds"},
    {"Failures", "Count"},
}};

void write_directive(json::Writer& writer, base::WallTime now) {
    writer.key("_aws").begin_object();
    writer.key("Timestamp").number(now.time_since_epoch().count());
    writer.key("CloudWatchMetrics").begin_array().begin_object();
    writer.key("Namespace").string("dynamigrate");
    writer.key("Dimensions").begin_array();
    writer.begin_array().string("FunctionName").end_array();
    writer.begin_array().string("FunctionName").string("Action").end_array();
    writer.end_array().key("Metrics").begin_array();
    for (const auto& [name, unit] : kUnits) {
        writer.begin_object().key("Name").string(name).key("Unit").string(unit).end_object();
    }
    writer.end_array().end_object().end_array().end_object();
}

}  // namespace

std::string metrics_line(const InvocationMetrics& metrics, base::WallTime now) {
    std::string line;
    json::Writer writer(line);
    writer.begin_object();
    write_directive(writer, now);
    writer.key("FunctionName").string(metrics.function);
    writer.key("Action").string(metrics.action);
    writer.key("requestId").string(metrics.request_id);
    writer.key("Items").number(metrics.items).key("Changed").number(metrics.changed);
    writer.key("Conflicts").number(metrics.conflicts);
    writer.key("Quarantined").number(metrics.quarantined);
    writer.key("ReadUnits").number(metrics.read_units);
    writer.key("WriteUnits").number(metrics.write_units);
    writer.key("Duration").number(metrics.duration.count());
    writer.key("Failures").number(metrics.has_failed ? 1 : 0).end_object();
    return line;
}

}  // namespace dynamigrate::cloud
