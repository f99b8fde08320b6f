from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(prefix="/quotes")


class Quote(BaseModel):
    number: int
    text: str


@router.get("/{number}")
async def quote(number: int) -> Quote:
    return Quote(number=number, text="Simple is better than complex.")
