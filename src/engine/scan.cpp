#include "key_bytes.hpp"
#include "legacy_parameters.hpp"
#include "operations.hpp"
#include "read_parameters.hpp"

namespace dynamigrate::engine {

namespace {

constexpr std::int64_t kMaxSegments = 1'000'000;

struct Segments {
    std::optional<std::int64_t> segment, total;
};

Segments read_segments(Shape& shape) {
    shape.number_range("Segment", 0, kMaxSegments - 1);
    shape.number_range("TotalSegments", 1, kMaxSegments);
    return {integer(shape.from(), "Segment"), integer(shape.from(), "TotalSegments")};
}

void check_segments(const Segments& segments) {
    if (segments.segment && !segments.total) {
        refuse_validation(
            "The TotalSegments parameter is required but was not present in the request when "
            "Segment parameter is present");
    }
    if (!segments.segment && segments.total) {
        refuse_validation(
            "The Segment parameter is required but was not present in the request when parameter "
            "TotalSegments is present");
    }
    if (segments.segment && *segments.segment >= *segments.total) {
        refuse_validation(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            "Segment: " +
            std::to_string(*segments.segment) +
            " is not less than TotalSegments: " + std::to_string(*segments.total));
    }
}

/// In an overlay, the base decides which items are in a segment.
void check_position_in_segment(const Reading& reading, const ScanRange& range) {
    if (reading.table->is_in_base || range.segments == 1) {
        return;
    }
    std::uint64_t hash = key_hash(*range.start_after.find(reading.key().hash.name));
    bool is_within = hash >= segment_begin(range.segment, range.segments) &&
                     (range.segment + 1 == range.segments ||
                      hash < segment_begin(range.segment + 1, range.segments));
    if (!is_within) {
        refuse_validation(
            "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use "
            "ExclusiveStartKey with correct Segment. TotalSegments: " +
            std::to_string(range.segments) + " Segment: " + std::to_string(range.segment));
    }
}

ScanRange range_of(const Reading& reading, const ReadParameters& parameters,
                   const Segments& segments) {
    ScanRange range;
    range.index = reading.index;
    range.segment = static_cast<std::uint32_t>(segments.segment.value_or(0));
    range.segments = static_cast<std::uint32_t>(segments.total.value_or(1));
    range.is_consistent = reading.is_consistent;
    range.expected = reading.limit;
    if (parameters.start_after) {
        check_position(reading, *parameters.start_after);
        range.start_after = *parameters.start_after;
        check_position_in_segment(reading, range);
    }
    return range;
}

}  // namespace

void scan(Database& database, Request& request, json::Writer& out) {
    object body = request.body;
    Constraints constraints;
    Shape shape(constraints, body);
    ReadParameters parameters = read_parameters(shape);
    Segments segments = read_segments(shape);
    constraints.check();
    refuse_mixture(body, {"AttributesToGet", "ScanFilter", "ConditionalOperator"},
                   {"ProjectionExpression", "FilterExpression"});
    check_substitutions_wanted(body, {"ProjectionExpression", "FilterExpression"});
    check_segments(segments);
    const dynamodb::ExpressionText source = substitutions(request, body);
    expressions::Substitutions known(source);
    read_expressions(request, known, "ScanFilter", parameters);
    known.check_all_used();
    Reading reading = reading_of(database, parameters);
    ScanRange range = range_of(reading, parameters, segments);
    answer_page(database, request, reading, *database.rows.scan(*reading.table, range), out);
}

}  // namespace dynamigrate::engine
