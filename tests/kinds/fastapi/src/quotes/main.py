from fastapi import FastAPI

from quotes import routes

app = FastAPI(title="Quotes")
app.include_router(routes.router)


@app.get("/")
async def index() -> dict[str, str]:
    return {"docs": "/docs"}
