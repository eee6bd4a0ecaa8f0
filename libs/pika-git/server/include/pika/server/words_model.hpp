// What a page says of a retelling: for the forge's pages and for local ones.
#pragma once
#include "pika/provider/retell.hpp"
#include "pika/web/model.hpp"

namespace pika::server {

// `shown` where any word of a model was kept; what a forge knows beside it is left empty.
web::ModelWords words_model(const model::Retelling& retelling);

}  // namespace pika::server
